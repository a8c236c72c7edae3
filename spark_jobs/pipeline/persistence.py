"""Saving and loading of pipelines in Spark's format, with the stages in parallel.

Each stage is saved as soon as it is fitted. A stage takes several small Spark jobs, which mostly wait.
"""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.ml import PipelineModel, Transformer
from pyspark.ml.util import DefaultParamsReader, JavaMLWritable
from pyspark.sql import SparkSession

from spark_jobs.bundle.stages import read_pipeline

AT_ONCE = 4


@dataclass(frozen=True)
class PipelineSaver:
    """Saves a pipeline of `count` stages to a folder and, with `load`, loads each stage again."""

    folder: Path
    spark: SparkSession
    pool: ThreadPoolExecutor
    count: int
    load: bool = True
    _stages: list[Transformer] = field(default_factory=list)
    _loaded: list[Future[Transformer]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # left by an interrupted run

    def save(self, *stages: Transformer) -> None:
        """Start to save the next stages in the background."""
        width = len(str(self.count))
        for stage in stages:
            place = self.folder / "stages" / f"{len(self._stages):0{width}d}_{stage.uid}"
            self._stages.append(stage)
            self._loaded.append(self.pool.submit(self._save, stage, str(place)))

    def finish(self) -> PipelineModel:
        """Wait for all stages, write the metadata, and return the pipeline (reloaded if `load` is set)."""
        loaded = PipelineModel([each.result() for each in self._loaded])
        if len(self._stages) != self.count:
            raise ValueError(f"{len(self._stages)} stages were saved, expected {self.count}")
        metadata = self.folder / "metadata"
        metadata.mkdir(parents=True)
        described = {**_description(self._stages), "uid": loaded.uid, "sparkVersion": self.spark.version}
        (metadata / "part-00000").write_text(json.dumps(described) + "\n", encoding="utf-8")
        (metadata / "_SUCCESS").touch()
        return loaded

    def _save(self, stage: Any, place: str) -> Transformer:
        stage.write().overwrite().save(place)
        found: Transformer = type(stage).load(place) if self.load else stage
        return found


def save_pipeline(pipeline: PipelineModel, folder: Path, spark: SparkSession) -> PipelineModel:
    """Save a pipeline, replacing the folder, and return it reloaded from there."""
    with ThreadPoolExecutor(AT_ONCE, "saving") as pool:
        saver = PipelineSaver(folder, spark, pool, len(pipeline.stages))
        saver.save(*pipeline.stages)
        return saver.finish()


def load_pipeline(folder: Path, spark: SparkSession) -> PipelineModel:
    """Load a saved pipeline."""
    places = [str(stage.folder) for stage in read_pipeline(folder)]
    with ThreadPoolExecutor(AT_ONCE, "loading") as pool:
        return PipelineModel(list(pool.map(partial(DefaultParamsReader.loadParamsInstance, sc=spark), places)))


def _description(stages: list[Transformer]) -> dict[str, Any]:
    """Return the metadata that Spark writes for a `PipelineModel`; with a Python stage, only Python can load it."""
    order: dict[str, Any] = {"stageUids": [stage.uid for stage in stages]}
    kind = "org.apache.spark.ml.PipelineModel"
    if not all(isinstance(stage, JavaMLWritable) for stage in stages):
        kind, order = "pyspark.ml.pipeline.PipelineModel", {**order, "language": "Python"}
    return {"class": kind, "timestamp": int(time.time() * 1000), "paramMap": order, "defaultParamMap": {}}
