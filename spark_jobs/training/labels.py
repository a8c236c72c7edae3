"""The target as the number that models learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.columns import cells
from spark_jobs.columns.exact import exact_literal
from spark_jobs.columns.names import quoted
from spark_jobs.columns.types import ColumnType
from spark_jobs.plan import LearningTask
from spark_jobs.plan.learning_task import FALSE, TRUE, are_words, truth

_TEXT: Final = T.StringType()


def label(problem: LearningTask, kind: ColumnType, zone: str, stored: T.DataType = _TEXT) -> Column:
    """Return the target's value, or the index of its label, as a double; null if the cell has no value.

    A label outside the task's labels is -1. In one-vs-rest it is the rest, index 0.

    Args:
        zone: the time zone of times without one.
        stored: the stored type of the target; stored numbers are compared with labels in that type.
    """
    name = quoted(kind.name)
    value = F.expr(cells.value_sql(name, kind, zone))
    if not problem.labels:
        return value.cast("double")
    if kind.cells in ("number", "boolean"):
        index = _numbered(problem.labels, quoted(kind.name), value, stored)
    else:
        text = F.expr(cells.text_sql(name))
        labels = [F.lit(one) for one in problem.labels]
        index = _word(problem.labels, F.lower(text)) if are_words(problem.labels) else _position(labels, text)
    unknown = 0 if is_against_rest(problem) else -1
    return F.when(value.isNotNull(), F.coalesce(index, F.lit(unknown)).cast("double"))


def is_against_rest(problem: LearningTask) -> bool:
    """Return whether the first of two labels stands for all other labels."""
    return problem.task == "binary" and problem.labels[0] == f"not {problem.positive}"


def seen_in_training(problem: LearningTask, rows: Mapping[int, int]) -> LearningTask:
    """Return the task with only the labels that training rows have; `rows` counts the training rows by label index."""
    labels = tuple(one for index, one in enumerate(problem.labels) if rows.get(index))
    return problem if labels == problem.labels else replace(problem, labels=labels)


def remap_labels(label: Column, full: LearningTask, seen: LearningTask) -> Column:
    """Return the index among the training labels for an index among all; null if training did not see the label."""
    places = [seen.labels.index(one) if one in seen.labels else None for one in full.labels]
    table = F.array(*[F.lit(place).cast("double") for place in places])
    return label if full.labels == seen.labels else F.element_at(table, label.cast("int") + 1)


def metadata(problem: LearningTask) -> dict[str, Any]:
    """Return column metadata that tells Spark ML the number of classes, including classes without training rows."""
    return {"ml_attr": {"type": "nominal", "name": "label", "vals": list(problem.labels)}} if problem.labels else {}


def _numbered(labels: Sequence[str], name: str, value: Column, stored: T.DataType) -> Column:
    """Return the index of the label that equals a numeric cell, with 0 for false and 1 for true."""
    if not isinstance(stored, T.NumericType):
        return _position([_number(text, T.DoubleType()) for text in labels], value)
    cell = F.col(name).cast("bigint") if isinstance(stored, T.IntegralType) else F.col(name)
    return _position([_number(text, stored) for text in labels], cell)


def _number(text: str, kind: T.DataType) -> Column:
    """Return a label as a number of that type; null if it is not a number."""
    try:
        found = exact_literal({"true": "1", "false": "0"}.get(text, text), kind)
    except ValueError:
        found = None
    return F.lit(None) if found is None else found


def _word(labels: Sequence[str], text: Column) -> Column:
    """Return the index of the label with the same truth value as a word such as yes or no."""
    places = {truth(label): place for place, label in enumerate(labels)}
    found = F.when(text.isin(*TRUE), places[True])
    return found.when(text.isin(*FALSE), places[False])


def _position(labels: Sequence[Column], value: Column) -> Column:
    """Return the index of a value among labels; null if it is not one of them."""
    found = F.array_position(F.array(*labels), value)
    return F.when(found > 0, found - 1)
