"""Scoring with checks beside scoring without: the same rows, the same model, read, scored and written interleaved."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any, Final

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import spark_jobs
from benchmarks import preparing
from benchmarks.interleave import environment, interleave, ratio
from benchmarks.scoring import CATEGORICAL, NUMERIC, ROWS, TRAINED
from benchmarks.tables import TARGET, generated
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion, resolve_version
from spark_jobs.runtime import session
from spark_jobs.scoring.batch import batch_of
from spark_jobs.scoring.score_batch import score_batch, stored_plan, training_domain_of
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Environment, Spec, parse

AT_MOST: Final = 1.15
CHECKS: Final[list[Mapping[str, Any]]] = [
    {"column": "n0", "rule": "between", "min": -30, "max": 30},
    {"column": "n5", "rule": "between", "max": 1000},
    {"column": "n10", "rule": "between", "min": -1000, "max": 1000},
    {"column": "c3", "rule": "in", "values": [f"level {number}" for number in range(12)]},
    {"column": "c6", "rule": "matches", "pattern": "level [0-9]+"},
    {"column": "n2", "rule": "compare", "is": "<=", "other": "n19", "severity": "warn"},
]


def run(rounds: int, rows: int = ROWS) -> None:
    """Measure, and print the figure beside what it is to reach."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session.open(environment(folder))
        try:
            _measure(spark, Path(folder), rounds, rows)
        finally:
            session.close(spark)


def _measure(spark: SparkSession, folder: Path, rounds: int, rows: int) -> None:
    table = generated(spark, folder, rows, NUMERIC, CATEGORICAL)
    few, whole = folder / "few.parquet", folder / "whole.parquet"
    table.where(F.rand(5) < TRAINED / rows).coalesce(1).write.parquet(str(few))
    table.drop(TARGET).write.parquet(str(whole))
    env, version = Environment(root=str(folder)), _trained(spark, folder, few)
    known = training_domain_of(version, stored_plan(version))
    ways: dict[str, tuple[Spec, TrainingDomain]] = {
        "nothing asked": (_spec(whole, "plain"), TrainingDomain()),
        "unseen levels and numbers beyond counted": (_spec(whole, "known"), known),
        "six checks": (_spec(whole, "checked", CHECKS), TrainingDomain()),
        "both": (_spec(whole, "both", CHECKS), known),
    }
    refused: dict[str, int] = {}

    def score(name: str) -> None:
        spec, training_domain = ways[name]
        for place in (folder / "tables").glob(f"{spec.name}_*"):
            shutil.rmtree(place)
        batch = batch_of(read_source(spec.source, spark), stored_plan(version), spec, training_domain)
        refused[name] = score_batch(spec, spark, env, version, batch).quarantined

    with redirect_stderr(StringIO()):
        seconds = interleave({name: (lambda name=name: score(name)) for name in ways}, rounds)  # type: ignore[misc]
    print(f"\n{rows:,} rows, {NUMERIC + CATEGORICAL} columns; median of {rounds}, warm\n")
    print("| asked of the rows | refused | seconds | times as long |")
    print("|---|---|---|---|")
    for name, spent in seconds.items():
        longer = ratio(spent, seconds["nothing asked"])
        print(f"| {name} | {refused[name]:,} | {median(spent):.2f} | {longer:.3f} |")
    longer = ratio(seconds["both"], seconds["nothing asked"])
    verdict = "reached" if longer <= AT_MOST else "MISSED"
    print(f"\n- times as long with checks: {longer:.3f}, to reach at most {AT_MOST}: {verdict}")


def _spec(path: Path, name: str, checks: list[Mapping[str, Any]] | None = None) -> Spec:
    return parse({"source": str(path), "target": TARGET, "name": name, "checks": checks or []})


def _trained(spark: SparkSession, folder: Path, few: Path) -> ModelVersion:
    spec = preparing.SPEC.model_dump(mode="json", by_alias=True, exclude_unset=True)
    spec |= {"source": {"path": str(few)}, "model": {"kind": "linear"}, "name": "measured"}
    spec["features"] = {"categorical": "auto", "numeric": "auto"}
    with redirect_stderr(StringIO()):
        spark_jobs.train(spec, spark=spark, env=Environment(root=str(folder)))
    return resolve_version(Tracking("sqlite", str(folder)), "measured", 1)
