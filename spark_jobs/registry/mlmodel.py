"""A bundle as an MLflow model: the bundle's files plus those that MLflow's loaders expect.

`mlflow.pyfunc` runs the ONNX graph through a copy of this package's reader in the model's folder. It needs neither
Spark nor this package, and unpickles nothing. A bundle without a graph is run through Spark.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from spark_jobs.bundle import GRAPH
from spark_jobs.bundle.carried import LOADER, carried_reader
from spark_jobs.error_translation import optional

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import DataType
    from mlflow.types.schema import Map
    from pandas import DataFrame

PIPELINE = "pipeline"
ColumnKind = Literal["double", "long", "string", "boolean", "datetime"]
OutputKind = Literal["double", "string", "boolean", "by label"]


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's input and output columns with their types, and example rows.

    `example` rows are JSON values in the order of `inputs`. An output of type `by label` is a double for each label.
    """

    inputs: Mapping[str, ColumnKind]
    outputs: Mapping[str, OutputKind]
    example: Sequence[Sequence[Any]] = field(default=())


def write_mlflow_model(bundle: Path, folder: Path, signature: Signature, run_id: str, model_id: str) -> None:
    """Write a folder that `mlflow.spark` and `mlflow.pyfunc` can load, from a bundle with `pipeline/`.

    The flavor of `mlflow.spark` is added by hand: `mlflow.spark.log_model` starts Spark jobs, reloads the model and
    infers requirements, which takes 26 seconds. Files are hard-linked if the file system supports it.
    """
    from mlflow.models import Model
    from mlflow.pyfunc import save_model
    from mlflow.utils.file_utils import get_total_file_size

    graph = (bundle / GRAPH).is_file()
    typed = optional("The signature of the MLflow model", lambda: _mlflow_signature(signature, graph), None)
    example = optional("The input example of the MLflow model", lambda: _example(signature), None)
    # The signature is not an argument of `save_model`, which would refuse an example of raw cells.
    model = Model(run_id=run_id, model_id=model_id, signature=typed)
    spark = {"pyspark_version": version("pyspark"), "model_data": PIPELINE, "code": None}
    model.add_flavor("spark", **spark, model_class="pyspark.ml.pipeline.PipelineModel")
    with TemporaryDirectory(prefix="spark-jobs-") as scratch:
        reader = _write_reader(Path(scratch)) if graph else None
        save_model(
            str(folder),
            loader_module=f"{reader.name}.{LOADER}" if reader else "mlflow.spark",
            code_paths=[str(reader)] if reader else None,
            mlflow_model=model,
            input_example=example,
            pip_requirements=requirements(graph),
        )
    shutil.copytree(bundle, folder, copy_function=link_or_copy, dirs_exist_ok=True)
    if reader is None:
        model.flavors["python_function"]["data"] = PIPELINE
    model.model_size_bytes = get_total_file_size(folder)
    model.save(str(folder / "MLmodel"))


def _write_reader(folder: Path) -> Path:
    package, modules = carried_reader()
    (folder / package).mkdir()
    for name, text in modules.items():
        (folder / package / name).write_text(text, encoding="utf-8")
    return folder / package


def requirements(graph: bool) -> list[str]:
    """Return the pip requirements of `mlflow.pyfunc` for a model with or without a graph, pinned to this process."""
    names = ("mlflow", "onnxruntime" if graph else "pyspark", "pandas", "numpy")
    return [f"{name}=={found}" for name in names if (found := _installed(name))]


def versions() -> dict[str, str]:
    """Return the versions of Python and of the main packages in this process, by name."""
    names = ("pyspark", "delta-spark", "mlflow", "spark-jobs")
    found = {name: _installed(name) for name in names}
    return {"python": python_version(), **{name: number for name, number in found.items() if number}}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def link_or_copy(source: str, target: str) -> None:
    """Hard-link a file to a second path, or copy it if the file system does not support links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _mlflow_signature(signature: Signature, graph: bool) -> ModelSignature:
    """Return MLflow's signature; with a graph, inputs are `AnyType`, since the bundle's reader converts them.

    MLflow's own types would refuse the integers that `pandas.read_csv` makes of a double column without fractions, and
    would shift timestamps to another time zone.
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


def _example(signature: Signature) -> DataFrame | None:
    import pandas as pd

    return pd.DataFrame(signature.example, columns=list(signature.inputs), dtype=object) if signature.example else None
