"""Check that the split leaves rows for training and for testing, with the reason if it does not."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import functions as F

from spark_jobs.columns.names import col
from spark_jobs.errors import DataError
from spark_jobs.training.prepare import Prepared

_SHOWN = 3


def check_parts(prepared: Prepared) -> None:
    """Check that the rows allow training and testing.

    Raises:
        DataError: there are no training rows, no test rows, or all training rows have the same label.
    """
    trained, tested = prepared.counts["trained"], prepared.counts["tested"]
    labels = prepared.problem.labels
    if not trained:
        fault = "There are no training rows"
    elif not tested:
        fault = "There are no test rows"
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
        return "no row has a readable target", "Check `target` and `source.null_values`."
    found = {"time": _of_times, "group": _of_groups, "column": _of_marks}.get(split.kind)
    if found is not None:
        return found(prepared, split.column or "")
    return (
        f"the split by {'hash' if split.kind == 'hash' else 'chance'} tests with about {split.test:.0%} of them",
        "Use more rows, or change `split.test` or `split.seed`.",
    )


def _of_times(prepared: Prepared, name: str) -> tuple[str, str]:
    advice = "Set `split.column` to a column with more distinct times, or choose another `split.kind`."
    times = F.min(col(name)).cast("string"), F.max(col(name)).cast("string")
    first, last = prepared.rows.agg(*times).first() or (None, None)
    if last is None:
        return f"every row has a null in '{name}'", advice
    if first == last:
        return f"the split by time cannot separate them: '{name}' is {last} in all rows", advice
    return f"the split by time tests with the latest rows, and '{name}' runs from {first} to {last}", advice


def _of_groups(prepared: Prepared, name: str) -> tuple[str, str]:
    listed, groups = _values(prepared, name)
    said = f"all are in one group of '{name}': {listed}" if groups == 1 else f"'{name}' has {groups} groups: {listed}"
    return said, "Groups are never divided: set `split.column` to a column with more groups, or change `split.seed`."


def _of_marks(prepared: Prepared, name: str) -> tuple[str, str]:
    listed, _ = _values(prepared, name)
    marks = " or ".join(f"'{mark}'" for mark in prepared.rule.marks)
    return f"a test row has {marks} in '{name}', which holds {listed}", "Set `split.test_value` to one of its values."


def _values(prepared: Prepared, name: str) -> tuple[str, int]:
    """Return the most frequent values of a column as text, and the number of distinct values."""
    counted = prepared.rows.groupBy(col(name).cast("string").alias("value")).count()
    top = counted.orderBy(F.desc("count"), "value").limit(_SHOWN).collect()
    listed = [f"{'null' if value is None else repr(value)} ({rows:,})" for value, rows in top]
    groups = counted.count() if len(top) == _SHOWN else len(top)
    return ", ".join(listed) + (", …" if groups > _SHOWN else ""), groups
