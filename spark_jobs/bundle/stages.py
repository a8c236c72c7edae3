"""A saved Spark pipeline, read without Spark: its stages in order, their parameters and their fitted numbers."""

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
    """One saved stage. `kind` is its class, without the package where that is Spark's or XGBoost's.

    `params` has the defaults filled in; `extra` is what the stage wrote beside its parameters (the number of classes,
    say).
    """

    kind: str
    params: Mapping[str, Any]
    folder: Path
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """The columns it reads."""
        return _names(self.params, "inputCols", "inputCol")

    @property
    def outputs(self) -> list[str]:
        """The columns it makes."""
        return _names(self.params, "outputCols", "outputCol")

    def rows(self, name: str = "data") -> list[dict[str, Any]]:
        """Its fitted numbers, as the rows of its Parquet files."""
        import pyarrow.parquet as parquet

        files = sorted((self.folder / name).glob("*.parquet"))
        return [row for file in files for row in parquet.ParquetFile(file).read().to_pylist()]

    def row(self) -> dict[str, Any]:
        """Its fitted numbers, where they are one row.

        Raises:
            JobError: they are not.
        """
        rows = self.rows()
        if len(rows) != 1:
            raise BundleError(f"The saved stage {self.folder.name} has {len(rows)} rows instead of one.")
        return _Named(rows[0], self.folder.name)

    def expect(self, **params: Any) -> None:
        """Refuse parameters that are not these.

        Raises:
            JobError: with the stage's and the parameter's name, what was expected and what came.
        """
        for name, wanted in params.items():
            found = self.params.get(name)
            if found != wanted and not (found != found and wanted != wanted):
                raise BundleError(f"The saved stage {self.folder.name} has {name}={found!r:.200}, not {wanted!r:.200}.")

    def expect_columns(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Refuse other columns than these.

        Raises:
            JobError: with the stage's name, what was expected and what came.
        """
        if self.inputs != list(inputs) or self.outputs != list(outputs):
            came = f"{', '.join(self.inputs)} → {', '.join(self.outputs)}"
            wanted = f"{', '.join(inputs)} → {', '.join(outputs)}"
            raise BundleError(f"The saved stage {self.folder.name} goes {came:.200}, not {wanted:.200}.")

    def expect_stored(self, name: str, wanted: Sequence[Any]) -> None:
        """Refuse fitted values that are not these.

        Raises:
            JobError: with the stage's and the value's name.
        """
        if list(self.row()[name]) != list(wanted):
            raise BundleError(f"The saved stage {self.folder.name} was not made of this plan: its {name} differ.")

    def expect_kind(self, *kinds: str) -> None:
        """Refuse a stage of another class.

        Raises:
            JobError: with the stage's name, its class and those expected.
        """
        if self.kind not in kinds:
            raise BundleError(f"The saved stage {self.folder.name} is a {self.kind}, not a {' or '.join(kinds)}.")

    def expect_classes(self, found: int, wanted: int) -> None:
        """Refuse a model of another number of classes.

        Raises:
            JobError: with the stage's name and both numbers.
        """
        if found != wanted:
            raise BundleError(f"The saved stage {self.folder.name} knows {found} classes, its plan {wanted}.")

    def text(self, name: str) -> str:
        """The whole of one text that was saved as lines, such as XGBoost's model, which is cut every 4 MiB."""
        parts = sorted((self.folder / name).glob("part-*"))
        return "".join(file.read_text(encoding="utf-8").replace("\n", "") for file in parts)

    def part(self, name: str) -> Stage:
        """A model inside this one."""
        return read_stage(self.folder / name)


_PACKAGES = ("org.apache.spark.ml.", "pyspark.ml.", "xgboost.spark.")


def read_pipeline(folder: Path) -> list[Stage]:
    """The stages of a `PipelineModel` that Spark saved, in order.

    Raises:
        JobError: the folder is not one.
    """
    order = _metadata(folder).get("paramMap", {}).get("stageUids")
    if not isinstance(order, list):
        raise BundleError(f"{folder} is not a saved Spark pipeline.")
    width = len(str(len(order)))
    return [read_stage(folder / "stages" / f"{place:0{width}d}_{uid}") for place, uid in enumerate(order)]


def read_stage(folder: Path) -> Stage:
    """One stage that Spark saved.

    Raises:
        JobError: the folder is not one.
    """
    found = _metadata(folder)
    params = {**found.pop("defaultParamMap", {}), **found.pop("paramMap", {})}
    return Stage(_kind(found.pop("class")), _Named(params, folder.name), folder, found)


def _kind(name: str) -> str:
    package, _, kind = name.rpartition(".")
    return kind if package.startswith(_PACKAGES) else name


class _Named(dict[str, Any]):
    """What a stage stored; what it did not store is missed by name."""

    def __init__(self, stored: Mapping[str, Any], stage: str) -> None:
        super().__init__(stored)
        self.stage = stage

    def __missing__(self, name: str) -> NoReturn:
        raise BundleError(f"The saved stage {self.stage} has no {name}.")


def vector(stored: Mapping[str, Any]) -> Numbers:
    """A vector as Spark stores it, dense or sparse."""
    values = np.array(stored["values"], dtype=np.float64)
    if stored["type"] == 1:
        return values
    dense = np.zeros(stored["size"])
    dense[np.array(stored["indices"], dtype=np.int64)] = values
    return dense


def matrix(stored: Mapping[str, Any]) -> Numbers:
    """A matrix as Spark stores it, dense or sparse, by columns or by rows."""
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
