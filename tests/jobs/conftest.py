"""One trained project for all tests of the jobs: a training costs seconds, looking at what it left costs little."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from houses import houses_file, spec_of

from spark_jobs.spec import Environment, Spec

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.results.result import Result


@dataclass(frozen=True)
class TrainedProject:
    """A root in which `run` did the whole way with two lines of spec; `scored` and `champion` are as it left them."""

    spark: SparkSession
    env: Environment
    source: Path
    spec: Spec
    result: Result
    scored: pd.DataFrame
    champion: int

    @property
    def root(self) -> Path:
        return Path(self.env.root)

    def table(self, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(str(self.root / "tables" / name))


@pytest.fixture(scope="session")
def project(session, tmp_path_factory) -> TrainedProject:
    from spark_jobs import progress
    from spark_jobs.jobs import run

    folder = tmp_path_factory.mktemp("project")
    source, env = houses_file(folder), Environment(root=str(folder / "root"))
    spec = spec_of(source)
    with progress.show(False):
        result = run.run(spec, session, env)
    scored = session.read.format("delta").load(result.tables["houses_predictions"]).toPandas()
    champion = client_of(Path(env.root)).get_model_version_by_alias("houses", "champion").version
    return TrainedProject(session, env, source, spec, result, scored, int(champion))


def client_of(root: Path) -> MlflowClient:
    """MLflow's own client of a root's store."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root / 'mlflow.db'}", f"sqlite:///{root / 'mlflow.db'}")


@pytest.fixture
def registry(project):
    return client_of(project.root)
