"""Reader of saved Spark pipelines without Spark: the stages in order, with parameters and fitted values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from spark_jobs.errors import BundleError

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """One saved stage. `kind` is its class name, without the package if that is Spark's or XGBoost's.

    `params` includes the defaults; `extra` is other saved metadata, such as the number of classes.
    """

    kind: str
    params: Mapping[str, Any]
    folder: Path
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """The stage's input columns."""
        return _names(self.params, "inputCols", "inputCol")

    @property
    def outputs(self) -> list[str]:
        """The stage's output columns."""
        return _names(self.params, "outputCols", "outputCol")

    def rows(self, name: str = "data") -> list[dict[str, Any]]:
        """Return the fitted values as the rows of the stage's Parquet files."""
        import pyarrow.parquet as parquet

        files = sorted((self.folder / name).glob("*.parquet"))
        return [row for file in files for row in parquet.ParquetFile(file).read().to_pylist()]

    def row(self) -> dict[str, Any]:
        """Return the fitted values of a stage that stores exactly one row.

        Raises:
            BundleError: The stage has another number of rows.
        """
        rows = self.rows()
        if len(rows) != 1:
            raise BundleError(f"The saved stage {self.folder.name} must have one row. Got {len(rows)} instead.")
        return _Named(rows[0], self.folder.name)

    def expect(self, **params: Any) -> None:
        """Refuse parameters with other values than these.

        Raises:
            BundleError: A parameter differs; the message has the stage, the parameter and both values.
        """
        for name, wanted in params.items():
            found = self.params.get(name)
            if found != wanted and not (found != found and wanted != wanted):
                raise BundleError(f"The saved stage {self.folder.name} has {name}={found!r:.200}, not {wanted!r:.200}.")

    def expect_columns(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Refuse other input or output columns than these.

        Raises:
            BundleError: The columns differ; the message has the stage and both lists.
        """
        if self.inputs != list(inputs) or self.outputs != list(outputs):
            came = f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"
            wanted = f"{', '.join(inputs)} → {', '.join(outputs)}"
            raise BundleError(f"The saved stage {self.folder.name} maps {came:.200}, not {wanted:.200}.")

    def expect_stored(self, name: str, wanted: Sequence[Any]) -> None:
        """Refuse other fitted values than these.

        Raises:
            BundleError: The values differ; the message has the stage and the name of the values.
        """
        if list(self.row()[name]) != list(wanted):
            raise BundleError(f"The saved stage {self.folder.name} does not match the plan: its {name} differ.")

    def expect_kind(self, *kinds: str) -> None:
        """Refuse a stage of another class.

        Raises:
            BundleError: The class differs; the message has the stage, its class and the expected ones.
        """
        if self.kind not in kinds:
            raise BundleError(f"The saved stage {self.folder.name} is a {self.kind}, not a {' or '.join(kinds)}.")

    def expect_classes(self, found: int, wanted: int) -> None:
        """Refuse a model with another number of classes.

        Raises:
            BundleError: The number differs; the message has the stage and both numbers.
        """
        if found != wanted:
            raise BundleError(f"The saved stage {self.folder.name} has {found} classes, the plan {wanted}.")

    def text(self, name: str) -> str:
        """Return a text that was saved as lines, such as XGBoost's model, which is split every 4 MiB."""
        parts = sorted((self.folder / name).glob("part-*"))
        return "".join(file.read_text(encoding="utf-8").replace("\n", "") for file in parts)

    def part(self, name: str) -> Stage:
        """Return a model nested in this one."""
        return read_stage(self.folder / name)


_PACKAGES = ("org.apache.spark.ml.", "pyspark.ml.", "xgboost.spark.")


def read_pipeline(folder: Path) -> list[Stage]:
    """Return the stages of a saved `PipelineModel` in order.

    Raises:
        BundleError: The folder is not a saved pipeline.
    """
    order = _metadata(folder).get("paramMap", {}).get("stageUids")
    if not isinstance(order, list):
        raise BundleError(f"{folder} is not a saved Spark pipeline.")
    width = len(str(len(order)))
    return [read_stage(folder / "stages" / f"{place:0{width}d}_{uid}") for place, uid in enumerate(order)]


def read_stage(folder: Path) -> Stage:
    """Return one saved stage.

    Raises:
        BundleError: The folder is not a saved stage.
    """
    found = _metadata(folder)
    params = {**found.pop("defaultParamMap", {}), **found.pop("paramMap", {})}
    return Stage(_kind(found.pop("class")), _Named(params, folder.name), folder, found)


def _kind(name: str) -> str:
    package, _, kind = name.rpartition(".")
    return kind if package.startswith(_PACKAGES) else name


class _Named(dict[str, Any]):
    """Stored values of a stage; a missing key raises a `BundleError` that names the stage and the key."""

    def __init__(self, stored: Mapping[str, Any], stage: str) -> None:
        super().__init__(stored)
        self.stage = stage

    def __missing__(self, name: str) -> NoReturn:
        raise BundleError(f"The saved stage {self.stage} has no {name}.")


def vector(stored: Mapping[str, Any]) -> Numbers:
    """Convert a stored Spark vector, dense or sparse, to an array."""
    values = np.array(stored["values"], dtype=np.float64)
    if stored["type"] == 1:
        return values
    dense = np.zeros(stored["size"])
    dense[np.array(stored["indices"], dtype=np.int64)] = values
    return dense


def matrix(stored: Mapping[str, Any]) -> Numbers:
    """Convert a stored Spark matrix, dense or sparse, column-major or row-major, to an array."""
    rows, columns = stored["numRows"], stored["numCols"]
    values = np.array(stored["values"], dtype=np.float64)
    flipped = bool(stored["isTransposed"])
    if stored["type"] == 1:
        return values.reshape(rows, columns) if flipped else values.reshape(columns, rows).T
    pointers, indices = np.array(stored["colPtrs"]), np.array(stored["rowIndices"], dtype=np.int64)
    major = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
    dense = np.zeros((rows, columns))
    dense[(major, indices) if flipped else (indices, major)] = values
    return dense


def _names(params: Mapping[str, Any], many: str, one: str) -> list[str]:
    return list(params[many]) if many in params else [params[one]]


def _metadata(folder: Path) -> dict[str, Any]:
    files = sorted((folder / "metadata").glob("part-*"))
    if not files:
        raise BundleError(f"{folder} is not a saved Spark pipeline.")
    try:
        found: dict[str, Any] = json.loads(files[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise BundleError(f"The metadata of {folder} is malformed: {error}.") from error
    return found
