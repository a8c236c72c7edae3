"""What the tree families share: their options and the arguments that Spark takes."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from spark_jobs.models import Options, Shape


class TreeOptions(Options):
    """Options of every tree."""

    max_depth: int = Field(8, ge=0, le=30, description="Splits from the root to a leaf at most.")
    bins: int = Field(
        64, ge=2, le=10_000, description="Thresholds tried per number; at least the levels of a category."
    )
    min_rows: int = Field(5, ge=1, description="Rows in a leaf at least.")
    min_gain: float = Field(0.0, ge=0, description="Impurity that a split must take away at least.")
    memory: int = Field(512, ge=16, le=8192, description="MB for the histograms of one pass; less means more passes.")


def arguments(options: TreeOptions, shape: Shape) -> dict[str, Any]:
    """The arguments that every Spark tree takes.

    Spark refuses a category with more levels than bins; beside its levels a column has one for null and one for unseen.
    """
    return {
        **shape.columns,
        "maxDepth": options.max_depth,
        "maxBins": max(options.bins, shape.arity + 2),
        "minInstancesPerNode": options.min_rows,
        "minInfoGain": options.min_gain,
        "maxMemoryInMB": options.memory,
        "seed": shape.seed,
    }
