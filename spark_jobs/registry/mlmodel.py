"""A bundle as an MLflow model: its files beside those that MLflow's own loaders look for.

`mlflow.pyfunc` asks the graph, through a copy of this package's reader that lies in the model's folder: neither Spark
nor this package is needed, and nothing is unpickled. A bundle without a graph it asks through Spark.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any, Literal

import yaml

from spark_jobs.bundle import GRAPH
from spark_jobs.bundle.carried import LOADER, carried_reader
from spark_jobs.error_translation import optional

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature
    from mlflow.types import DataType
    from mlflow.types.schema import Map

PIPELINE = "pipeline"
CODE = "code"
ColumnKind = Literal["double", "long", "string", "boolean", "datetime"]
OutputKind = Literal["double", "string", "boolean", "by label"]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes and gives: columns by name with their types, rows that show what they look like.

    `example` rows are plain JSON values in the order of `inputs`. An output `by label` is a double for each label.
    """

    inputs: Mapping[str, ColumnKind]
    outputs: Mapping[str, OutputKind]
    example: Sequence[Sequence[Any]] = field(default=())


def write_mlflow_model(bundle: Path, folder: Path, signature: Signature, run_id: str, model_id: str) -> None:
    """Makes a folder that `mlflow.spark` and `mlflow.pyfunc` load, from a bundle that holds `pipeline/`.

    MLflow's own way starts Spark jobs, loads the model again and guesses requirements: 26 seconds where this takes
    hundredths. Files are hard links where the file system allows them.
    """
    from mlflow.models import Model

    shutil.copytree(bundle, folder, copy_function=link_or_copy)
    graph = (bundle / GRAPH).is_file()
    typed = optional("The signature of the MLflow model", lambda: _mlflow_signature(signature, graph), None)
    model = Model(run_id=run_id, model_id=model_id, signature=typed)
    if signature.example:
        no_example: dict[str, str] = {}
        write = partial(_write_example, folder, signature)
        model.saved_input_example_info = optional("The input example of the MLflow model", write, no_example)
    model.add_flavor(
        "spark",
        pyspark_version=version("pyspark"),
        model_data=PIPELINE,
        code=None,
        model_class="pyspark.ml.pipeline.PipelineModel",
    )
    _add_python_function(model, folder, graph)
    _write_environment(folder, requirements(graph))
    model.save(str(folder / "MLmodel"))


def _add_python_function(model: Model, folder: Path, graph: bool) -> None:
    environment = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    where = _write_reader(folder) if graph else {"loader_module": "mlflow.spark", "data": PIPELINE}
    model.add_flavor("python_function", **where, env=environment, python_version=python_version())


def _write_reader(folder: Path) -> dict[str, str]:
    package, modules = carried_reader()
    (folder / CODE / package).mkdir(parents=True)
    for name, text in modules.items():
        (folder / CODE / package / name).write_text(text, encoding="utf-8")
    return {"loader_module": f"{package}.{LOADER}", "code": CODE}


def requirements(graph: bool) -> list[str]:
    """What `mlflow.pyfunc` needs to load a model with or without a graph, pinned to what it was made with."""
    names = ("mlflow", "onnxruntime" if graph else "pyspark", "pandas", "numpy")
    return [f"{name}=={found}" for name in names if (found := _installed(name))]


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


def _mlflow_signature(signature: Signature, graph: bool) -> ModelSignature:
    """The signature as MLflow takes it; where there is a graph, cells may come as anything that its reader can read.

    MLflow's own types would refuse the whole numbers that `pandas.read_csv` makes of a column of doubles, and turn
    moments into another zone.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    anything = AnyType()  # type: ignore[no-untyped-call]
    columns = signature.inputs.items()
    inputs = [ColSpec(anything if graph else kind, name, required=graph) for name, kind in columns]
    outputs = [ColSpec(_mlflow_type(kind), name) for name, kind in signature.outputs.items()]
    return ModelSignature(inputs=Schema([*inputs]), outputs=Schema([*outputs]))


def _mlflow_type(kind: OutputKind) -> DataType | Map:
    from mlflow.types import DataType
    from mlflow.types.schema import Map

    return Map(DataType.double) if kind == "by label" else DataType[kind]


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


def _write_environment(folder: Path, pins: Sequence[str]) -> None:
    (folder / "requirements.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python_version()}", "pip", {"pip": pins}],
    }
    (folder / "conda.yaml").write_text(yaml.safe_dump(conda, sort_keys=False), encoding="utf-8")
    env = {"python": python_version(), "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    (folder / "python_env.yaml").write_text(yaml.safe_dump(env, sort_keys=False), encoding="utf-8")
