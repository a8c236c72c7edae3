"""Whether the split leaves rows to train on and to test with, and why where it does not."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import functions as F

from spark_jobs.columns.names import col
from spark_jobs.errors import DataError
from spark_jobs.training.prepare import Prepared

_SHOWN = 3


def check_parts(prepared: Prepared) -> None:
    """Check that a model can be trained and tested.

    Raises:
        DataError: no training rows, no test rows, or one label only among the training rows.
    """
    trained, tested = prepared.counts["trained"], prepared.counts["tested"]
    labels = prepared.problem.labels
    if not trained:
        fault = "No row is left to train on"
    elif not tested:
        fault = "No row is left to test with"
    elif len(labels) == 1:
        fault = f"All training rows have the label '{labels[0]}', so there is nothing to learn"
    else:
        return
    cause, advice = _why(prepared)
    raise DataError(f"{fault}: {_counted(prepared.counts)}; {cause}.", advice)


def _counted(counts: Mapping[str, int]) -> str:
    rows = counts["read"]
    lost = {"no target": counts["no_target"], "duplicates": counts["duplicates"], "malformed": counts["malformed"]}
    told = [f"{number:,} {name}" for name, number in lost.items() if number]
    told += [f"{counts['trained']:,} to train on", f"{counts['tested']:,} to test with"]
    return f"{rows:,} row{'s were' if rows != 1 else ' was'} read ({', '.join(told)})"


def _why(prepared: Prepared) -> tuple[str, str]:
    split = prepared.rule.spec.split
    if not prepared.counts["trained"] + prepared.counts["tested"]:
        return "no row has a target that can be read", "Check `target` and `source.null_values`."
    found = {"time": _of_times, "group": _of_groups, "column": _of_marks}.get(split.kind)
    if found is not None:
        return found(prepared, split.column or "")
    return (
        f"the split by {'hash' if split.kind == 'hash' else 'chance'} tests with about {split.test:.0%} of them",
        "Bring more rows, or change `split.test` or `split.seed`.",
    )


def _of_times(prepared: Prepared, name: str) -> tuple[str, str]:
    advice = "Name a column of more moments in `split.column`, or another `split.kind`."
    times = F.min(col(name)).cast("string"), F.max(col(name)).cast("string")
    first, last = prepared.rows.agg(*times).first() or (None, None)
    if last is None:
        return f"none of them has a time in '{name}'", advice
    if first == last:
        return f"the split by time cannot part them: '{name}' is {last} in all", advice
    return f"the split by time tests with the latest, and '{name}' runs from {first} to {last}", advice


def _of_groups(prepared: Prepared, name: str) -> tuple[str, str]:
    listed, groups = _values(prepared, name)
    said = f"all are in one group of '{name}': {listed}" if groups == 1 else f"'{name}' has {groups} groups: {listed}"
    return said, "A group is never divided: name a `split.column` of more groups, or change `split.seed`."


def _of_marks(prepared: Prepared, name: str) -> tuple[str, str]:
    listed, _ = _values(prepared, name)
    marks = " or ".join(f"'{mark}'" for mark in prepared.rule.marks)
    return f"a test row has {marks} in '{name}', which holds {listed}", "Set `split.test_value` to a value it holds."


def _values(prepared: Prepared, name: str) -> tuple[str, int]:
    """The most frequent values of a column, and how many there are."""
    counted = prepared.rows.groupBy(col(name).cast("string").alias("value")).count()
    top = counted.orderBy(F.desc("count"), "value").limit(_SHOWN).collect()
    listed = [f"{'nothing' if value is None else repr(value)} ({rows:,})" for value, rows in top]
    groups = counted.count() if len(top) == _SHOWN else len(top)
    return ", ".join(listed) + (", …" if groups > _SHOWN else ""), groups
