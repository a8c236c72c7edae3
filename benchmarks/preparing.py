"""Preprocessing our way, from typed rows: the profile, the plan, the fitted stages; and looking for duplicates."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.tables import TARGET
from spark_jobs.columns.casts import ColumnHints, canonical_cells
from spark_jobs.columns.types import ColumnType
from spark_jobs.pipeline.feature_pipeline import FeaturePipeline, fit_features
from spark_jobs.plan import LearningTask, infer_task, make
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.detect import detect
from spark_jobs.profile.scan import scan_columns, scannable
from spark_jobs.spec import Spec
from spark_jobs.training.duplicates import is_any_alike
from spark_jobs.training.prepare import seen_in
from spark_jobs.training.staging import HASH, LABEL
from spark_jobs.training.training_profile import profile_training_rows

SPEC = Spec.model_validate(
    {
        "name": "generated",
        "source": {"path": "generated.parquet"},
        "target": TARGET,
        "clean": {"duplicates": {"by": "none"}, "outliers": {"rule": "iqr", "factor": 3.0, "action": "clip"}},
        "features": {"categorical": "one_hot", "numeric": "standard"},
    }
)


@dataclass(frozen=True)
class Prepared:
    """Typed rows with their label, as training has them before it learns."""

    rows: DataFrame
    types: dict[str, ColumnType]
    problem: LearningTask
    seen: ColumnHints
    longest: int | None


def prepared(rows: DataFrame) -> Prepared:
    """Look at the table once: the types of its columns and the problem."""
    raw = scan_columns(rows, scannable(rows), depth=ScanOptions(quantiles=False, reading=True, levels=1000))
    types = {kind.name: kind for kind in detect(raw, SPEC)}
    labelled = rows.withColumn(LABEL, F.col(TARGET))
    return Prepared(labelled, types, infer_task(SPEC, raw[TARGET], types[TARGET]), seen_in(raw, types), raw.longest)


def fit(table: Prepared) -> FeaturePipeline:
    """What a training does between the typed rows and the model."""
    training_profile = profile_training_rows(table.rows, SPEC, table.types, table.problem, table.longest)
    plan = make(SPEC, list(table.types.values()), table.problem, training_profile.profile, training_profile.drops)
    return fit_features(table.rows.sparkSession, plan, training_profile.profile)


def repeated(table: Prepared) -> bool:
    """Whether any two rows are alike: hashed as a training's rows are, and looked for hashes that repeat."""
    same = F.xxhash64(*canonical_cells(table.rows, list(table.types.values()), seen=table.seen))
    return is_any_alike(table.rows.select(same.alias(HASH)))
