"""A trained model in a program: asked with rows of pandas or Spark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from spark_jobs.bundle import GRAPH, Manifest, verify_bundle
from spark_jobs.error_translation import translated_errors
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.notebook_html import notebook_table
from spark_jobs.plan import Plan
from spark_jobs.runtime.active_session import current_session

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.bundle.pyfunc import GraphModel


def load_bundle(folder: Path, spark: SparkSession | None = None) -> TrainedModel:
    """Load the model of a bundle, its files checked one by one.

    Args:
        spark: the session for what needs one; by default the active one, looked for when it is needed.

    Raises:
        JobError: the folder is not a bundle, or is not what was written.
    """
    manifest = verify_bundle(folder)
    plan = Plan.from_json((folder / "plan.json").read_text(encoding="utf-8"))
    return TrainedModel(plan, folder, manifest, spark)


@dataclass(frozen=True, repr=False)
class TrainedModel:
    """A trained model: its plan and its bundle. Spark's stages and the graph are loaded when they are first used."""

    plan: Plan
    bundle: Path
    manifest: Manifest
    spark: SparkSession | None = None

    @cached_property
    def pipeline(self) -> PipelineModel:
        """The fitted Spark ML stages."""
        from spark_jobs.pipeline.persistence import load_pipeline

        return load_pipeline(self.bundle / "pipeline", current_session(self.spark))

    @property
    def null_values(self) -> tuple[str, ...]:
        """The texts that count as missing, trimmed."""
        return self.manifest.null_values

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns that the model reads, in the order of its inputs."""
        return self.plan.used

    @cached_property
    def importances(self) -> dict[str, float]:
        """The importance of each column, as in the report: largest first, never negative.

        A tree model has shares, which sum to 1. A linear model has the size of its standardized coefficients. Empty
        where the algorithm has no importances.
        """
        from spark_jobs.profile.profile import Profile
        from spark_jobs.report.importances import compute_importances

        profile = Profile.read(self.bundle / "profile.json")
        return dict(compute_importances(self.plan, profile, self._weights).columns)

    @cached_property
    def coefficients(self) -> dict[str, float]:
        """The signed coefficient of each feature, such as `carrier = AA`, largest first.

        A feature is what the model computes with: numbers are scaled before. Empty where the model is not linear, and
        for more than two classes, where a feature has one coefficient per class.
        """
        from spark_jobs.report.importances import has_signed_coefficients

        found = self._weights if has_signed_coefficients(self.plan) else []
        return dict(sorted(found, key=lambda pair: -abs(pair[1])))

    def __repr__(self) -> str:
        task = f"{self.plan.problem.target} ({self.plan.problem.task}, {self.plan.model})"
        return f"<TrainedModel {self.plan.name}: predicts {task} from {len(self.feature_names)} columns>"

    def _repr_html_(self) -> str:
        """Show what the model predicts, from what and how well as a table in a notebook."""
        rows = [
            ("predicts", f"{self.plan.problem.target} ({self.plan.problem.task})"),
            ("algorithm", self.plan.model),
            ("reads", ", ".join(self.feature_names)),
            *((f"{name} of the test rows", value) for name, value in self.manifest.metrics.items()),
            *((f"importance of {name}", value) for name, value in list(self.importances.items())[:10]),
            ("bundle", self.bundle),
        ]
        return notebook_table(f"Model {self.plan.name}", (), rows)

    @overload
    def predict(self, rows: pd.DataFrame) -> pd.DataFrame: ...

    @overload
    def predict(self, rows: DataFrame) -> DataFrame: ...

    @translated_errors()
    def predict(self, rows: Any) -> Any:
        """Predict every row of a DataFrame of pandas or Spark.

        Args:
            rows: the rows; the target may be absent. Of pandas, text is read as `score` reads it.

        Returns:
            Of a Spark DataFrame what `transform` returns. Of a pandas one a new frame beside its index: `prediction`
            (a number, or the label as text), for two classes `probability` (of the positive one), for classes
            `probabilities` (label to number), for an SVM `margin`; and `valid`, whether these are finite numbers. Spark
            is not needed where the model has a graph.

        Raises:
            DataError: the rows lack a column that the model reads, or hold what it cannot read.
            JobError: the model has no graph, and there is no Spark session.

        Example:
            spark_jobs.load_model("flights@champion").predict(pd.read_csv("data/new.csv", dtype=str))
        """
        if hasattr(rows, "sparkSession"):
            return self.transform(rows)
        return self._graph.predict(rows) if GRAPH in self.manifest.sha256 else self._by_pipeline(rows)

    @translated_errors()
    def transform(self, rows: DataFrame) -> DataFrame:
        """Give every row of a Spark DataFrame its prediction, the one that `score` writes.

        Args:
            rows: the rows; the target may be absent.

        Returns:
            The rows' own columns, read as `score` reads them: text trimmed, marks of a missing value null, cells as
            the types that the plan names; and beside them `prediction` (a double, or the label as text), for classes
            `probabilities` (map of label to double), for two of them `probability` (of the positive one); an SVM has
            a `margin` instead; and `valid`, whether these are finite numbers. Nothing is computed before the result is
            used.

        Raises:
            DataError: the rows lack a column that the model reads, or have one named like what is added.

        Example:
            model.transform(spark.read.csv("data/new.csv", header=True)).show()
        """
        answers = self._predictions(self._typed(rows))
        added = [name for name in answers.columns if name != "_row"]
        taken = sorted(set(added) & {name.strip() for name in rows.columns})
        if taken:
            raise DataError(f"The rows have a column named like what is added: '{taken[0]}'.", "Drop or rename it.")
        return answers.select("_row.*", *added)

    @translated_errors()
    def evaluate(self, rows: DataFrame | pd.DataFrame) -> dict[str, float]:
        """Measure how well the model predicts labelled rows.

        Args:
            rows: rows of Spark or pandas with the target; those without a label are left out.

        Returns:
            The metrics by name: of the test rows of the training, the numbers that the training found.

        Raises:
            DataError: a column that the model reads, the target or the weight is missing; no row has a label.
            JobError: there is no Spark session.

        Example:
            model.evaluate(holdout)["rmse"]
        """
        from spark_jobs.training.comparison import evaluate_pipeline

        frame: Any = rows if hasattr(rows, "sparkSession") else self._spark_frame(rows)
        known = [name.strip() for name in frame.columns]
        needed = [self.plan.problem.target, *([self.plan.weight] if self.plan.weight else [])]
        for name in needed:
            if name not in known:
                raise DataError(f"The rows lack '{name}', which an evaluation needs.", did_you_mean(name, known))
        return dict(evaluate_pipeline(self.pipeline, self.plan, self._typed(frame)).metrics)

    @cached_property
    def _weights(self) -> list[tuple[str, float]]:
        """One weight per slot of the feature vector."""
        stored = self.bundle / "importances.json"
        pairs = json.loads(stored.read_text(encoding="utf-8")) if stored.is_file() else []
        return [(str(name), float(value)) for name, value in pairs]

    @cached_property
    def _graph(self) -> GraphModel:
        from spark_jobs.bundle.predictor import load
        from spark_jobs.bundle.pyfunc import GraphModel

        return GraphModel(load(self.bundle, whole=False))

    def _typed(self, rows: DataFrame) -> DataFrame:
        """The rows under trimmed names, with the cells that `score` reads."""
        from spark_jobs.columns.casts import typed
        from spark_jobs.columns.names import with_trimmed_names
        from spark_jobs.scoring.batch import check_used
        from spark_jobs.sources.null_values import replace_null_values

        rows = with_trimmed_names(rows) if any(name != name.strip() for name in rows.columns) else rows
        check_used(self.plan, rows.columns)
        present = [kind for kind in self.plan.types if kind.name in rows.columns]
        return typed(replace_null_values(rows, self.null_values), present, self.plan.timezone)

    def _predictions(self, rows: DataFrame) -> DataFrame:
        """What Spark's stages say of the rows, and whether all of it is finite, as the graph says."""
        from spark_jobs.pipeline.feature_pipeline import has_finite_outputs, predictions

        answers = predictions(self.pipeline, self.plan.problem, rows)
        return answers.withColumn("valid", has_finite_outputs(answers))

    def _spark_frame(self, rows: Any) -> DataFrame:
        from spark_jobs.sources.readers.dataframe import spark_frame

        return spark_frame(rows, current_session(self.spark))

    def _by_pipeline(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What Spark's stages say of the rows, beside their index."""
        answers = self._predictions(self._typed(self._spark_frame(rows))).drop("_row")
        found: pd.DataFrame = answers.toArrow().to_pandas(maps_as_pydicts="strict")
        return found.set_index(rows.index)
