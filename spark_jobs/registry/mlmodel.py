"""A bundle as an MLflow model: a saved pipeline with the files that MLflow's own loaders look for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any, Literal

import yaml

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

PIPELINE = "pipeline"
ColumnKind = Literal["double", "long", "string", "boolean", "datetime"]


@dataclass(frozen=True, slots=True)
class Signature:
    """What the pipeline takes and gives: raw columns by name with MLflow's types, rows that show what they look like.

    `example` rows are plain JSON values in the order of `inputs`. `prediction` is the type of the prediction.
    """

    inputs: Mapping[str, ColumnKind]
    prediction: ColumnKind
    example: Sequence[Sequence[Any]] = field(default=())


def write_mlflow_model(bundle: Path, folder: Path, signature: Signature, run_id: str, model_id: str) -> None:
    """Makes a folder that `mlflow.spark` and `mlflow.pyfunc` load, from a bundle that holds `pipeline/`.

    MLflow's own way starts Spark jobs, loads the model again and guesses requirements: 26 seconds where this takes
    hundredths. Files are hard links where the file system allows them.
    """
    from mlflow.models import Model

    shutil.copytree(bundle, folder, copy_function=link_or_copy)
    model = Model(run_id=run_id, model_id=model_id, signature=_mlflow_signature(signature))
    if signature.example:
        model.saved_input_example_info = _write_example(folder, signature)
    model.add_flavor(
        "spark",
        pyspark_version=version("pyspark"),
        model_data=PIPELINE,
        code=None,
        model_class="pyspark.ml.pipeline.PipelineModel",
    )
    environment = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    model.add_flavor(
        "python_function", loader_module="mlflow.spark", data=PIPELINE, env=environment, python_version=python_version()
    )
    _write_environment(folder)
    model.save(str(folder / "MLmodel"))


def requirements() -> list[str]:
    """What loading the pipeline needs, pinned to what it was made with."""
    return [f"{name}=={found}" for name in ("mlflow", "pyspark", "pandas", "numpy") if (found := _installed(name))]


def versions() -> dict[str, str]:
    """The versions that a run was made with, by package, and Python's."""
    names = ("pyspark", "delta-spark", "mlflow", "spark-jobs")
    found = {name: _installed(name) for name in names}
    return {"python": python_version(), **{name: number for name, number in found.items() if number}}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def link_or_copy(source: str, target: str) -> None:
    """Puts a file in a second place without copying its bytes, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _mlflow_signature(signature: Signature) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec(kind, name, required=False) for name, kind in signature.inputs.items()])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec(signature.prediction, "prediction")]))


def _write_example(folder: Path, signature: Signature) -> dict[str, str]:
    split = {"columns": list(signature.inputs), "data": [list(row) for row in signature.example]}
    (folder / "input_example.json").write_text(json.dumps(split), encoding="utf-8")
    (folder / "serving_input_example.json").write_text(json.dumps({"dataframe_split": split}), encoding="utf-8")
    return {
        "artifact_path": "input_example.json",
        "pandas_orient": "split",
        "type": "dataframe",
        "serving_input_path": "serving_input_example.json",
    }


def _write_environment(folder: Path) -> None:
    pins = requirements()
    (folder / "requirements.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python_version()}", "pip", {"pip": pins}],
    }
    (folder / "conda.yaml").write_text(yaml.safe_dump(conda, sort_keys=False), encoding="utf-8")
    env = {"python": python_version(), "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    (folder / "python_env.yaml").write_text(yaml.safe_dump(env, sort_keys=False), encoding="utf-8")
