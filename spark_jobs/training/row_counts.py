"""Counts of staged rows by outcome, and the check that they add up to the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.errors import DataError, JobError
from spark_jobs.training.staging import LABEL, WEIGHT

OUTCOMES: Final = ("trained", "tested", "no_target")


def count_rows(staged: DataFrame, tests: Column, with_classes: bool) -> tuple[dict[str, int], dict[int, int]]:
    """Count the rows by outcome (`OUTCOMES`) and the training rows by class, in one pass over a few columns.

    Args:
        tests: whether a row is a test row.

    Raises:
        DataError: a row with a target has a missing or negative weight.
    """
    labelled = F.col(LABEL).isNotNull()
    classes = F.col(LABEL).cast("int") if with_classes else F.lit(None).cast("int")
    fate = F.when(labelled, F.when(tests, "tested").otherwise("trained")).otherwise("no_target")
    unweighted = F.count_if(labelled & ~F.coalesce(F.col(WEIGHT) >= 0, F.lit(False))).alias("unweighted")
    groups = staged.groupBy(fate.alias("fate"), classes.alias("class"))
    found = groups.agg(F.count("*").alias("rows"), unweighted).collect()
    if wrong := sum(row["unweighted"] for row in found):
        have = "1 row has" if wrong == 1 else f"{wrong:,} rows have"
        raise DataError(f"{have} a missing or negative weight.", "Fix the column, or remove `weight`.")
    by_fate = {name: sum(row["rows"] for row in found if row["fate"] == name) for name in OUTCOMES}
    trained = [row for row in found if row["fate"] == "trained" and row["class"] is not None]
    return by_fate, {row["class"]: row["rows"] for row in trained}


def check_balance(counts: Mapping[str, int]) -> None:
    """Check that every record of the source was staged or is malformed.

    Raises:
        JobError: the counts differ.
    """
    found = sum(counts[name] for name in (*OUTCOMES, "duplicates", "malformed"))
    if counts["read"] != found:
        raise JobError(
            f"The source holds {counts['read']:,} records, but {found:,} were read.",
            "The source changed while it was read, or its format is set wrongly: check `source.options`.",
        )
