"""The staged rows by what becomes of them, and whether these are all that the source holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.errors import DataError, JobError
from spark_jobs.training.staging import LABEL, WEIGHT

OUTCOMES: Final = ("trained", "tested", "no_target")


def count_rows(staged: DataFrame, tests: Column, with_classes: bool) -> tuple[dict[str, int], dict[int, int]]:
    """The rows by fate and, of the training rows, by class; one pass over a few columns.

    Raises:
        DataError: a row with a target has no weight, or one below 0.
    """
    labelled = F.col(LABEL).isNotNull()
    classes = F.col(LABEL).cast("int") if with_classes else F.lit(None).cast("int")
    fate = F.when(labelled, F.when(tests, "tested").otherwise("trained")).otherwise("no_target")
    unweighted = F.count_if(labelled & ~F.coalesce(F.col(WEIGHT) >= 0, F.lit(False))).alias("unweighted")
    groups = staged.groupBy(fate.alias("fate"), classes.alias("class"))
    found = groups.agg(F.count("*").alias("rows"), unweighted).collect()
    _check_weighted(sum(row["unweighted"] for row in found))
    by_fate = {name: sum(row["rows"] for row in found if row["fate"] == name) for name in OUTCOMES}
    trained = [row for row in found if row["fate"] == "trained" and row["class"] is not None]
    return by_fate, {row["class"]: row["rows"] for row in trained}


def check_balance(counts: Mapping[str, int]) -> None:
    """Checks that each record that the source holds was staged, or is malformed.

    Raises:
        JobError: there are more or fewer.
    """
    found = sum(counts[name] for name in (*OUTCOMES, "duplicates", "malformed"))
    if counts["read"] != found:
        raise JobError(
            f"The source holds {counts['read']:,} records, and {found:,} were read from it.",
            "It changed while it was read, or it was read as another format: check `source.options`.",
        )


def _check_weighted(unweighted: int) -> None:
    if unweighted:
        rows = "1 row has" if unweighted == 1 else f"{unweighted:,} rows have"
        raise DataError(f"{rows} no weight, or one below 0.", "Fix the weight column, or leave it out.")
