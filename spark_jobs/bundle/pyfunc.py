"""The MLflow loader module: prediction of pandas DataFrames with a bundle, without Spark or spark_jobs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError

from spark_jobs.bundle.arrays import Array
from spark_jobs.bundle.moments import zone_of
from spark_jobs.bundle.predictor import Predictor, load
from spark_jobs.errors import JobError

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)
_ZONE = "spark.sql.session.timeZone"


class GraphModel:
    """The Python model that MLflow calls."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._told: set[str] = set()

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return the model's predictions with the index of the input.

        Args:
            model_input: A pandas DataFrame, or a mapping of column names to values.
            params: Ignored.

        Returns:
            A DataFrame with `prediction` (a number, or the label as text) and `valid` (whether all outputs are finite).
            Classifiers add `probabilities` (a dictionary of label to double) and, for two classes, `probability` of the
            positive class; an SVM adds `margin` instead.

        Raises:
            DataError: A used column is missing, or is text but has values of another type.
        """
        import pandas as pd

        given = self.predictor.arrays(model_input, self._wall())
        self._tell(given.lost)
        return pd.DataFrame(self._said(self.predictor.run(given)), index=getattr(model_input, "index", None))

    def _said(self, found: dict[str, Array]) -> dict[str, Any]:
        labels, binary = self.predictor.manifest.labels, self.predictor.manifest.data.get("task") == "binary"
        said: dict[str, Any] = {"prediction": found["prediction"]}
        if "probabilities" in found:
            said |= {"probability": found["probabilities"][:, 1]} if binary else {}
            said["probabilities"] = _by_label(found["probabilities"], labels)
        elif "margin" in found:
            flat = found["margin"].ndim == 1
            said["margin"] = found["margin"] if flat else _by_label(found["margin"], labels)
        return said | {"valid": found["valid"]}

    def _tell(self, lost: Mapping[str, int]) -> None:
        """Warn once for each column about values that became null."""
        kinds = {one.name: one.cells for one in self.predictor.manifest.inputs}
        for name, count in lost.items():
            if name not in self._told:
                self._told.add(name)
                _log.warning("'%s': %s cells are not a %s and became null.", name, count, kinds[name])

    def _wall(self) -> tzinfo | None:
        """Return the session's time zone inside a Spark task, where pandas has timestamps as its local times."""
        if not any(one.cells in ("date", "timestamp") for one in self.predictor.manifest.inputs):
            return None
        tasks = sys.modules.get("pyspark.taskcontext")
        task = tasks.TaskContext.get() if tasks else None
        if task is None:
            return None
        name = task.getLocalProperty(_ZONE)
        try:
            return zone_of(name) if name else _Here()
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise JobError(f"{_ZONE} is '{name}', which is not an IANA time zone.", f"Set {_ZONE} to one.") from error


class _Here(tzinfo):
    """This machine's time zone, the default of Spark sessions."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return moment.replace(tzinfo=None).astimezone().utcoffset() if moment else None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> None:
        return None


def _by_label(values: Array, labels: tuple[str, ...]) -> list[dict[str, float]]:
    return [dict(zip(labels, row, strict=True)) for row in values.tolist()]


def accept_csv_as_text() -> None:
    """Make MLflow's server read CSV as text, as `score` does; it refuses signatures with columns of type Any."""
    server = sys.modules.get("mlflow.pyfunc.scoring_server")
    parse = getattr(server, "parse_csv_input", None)
    if server is None or parse is None or hasattr(parse, "typed"):
        return

    def read(csv_input: Any, schema: Any = None) -> Any:
        import pandas as pd

        if schema is None or all(hasattr(kind, "to_pandas") for kind in schema.input_types()):
            return parse(csv_input, schema)
        try:
            return pd.read_csv(csv_input, dtype=str, keep_default_na=False)
        except ValueError as error:
            raise server.MlflowException.invalid_parameter_value(f"The CSV cannot be read: {error}") from error

    read.typed = parse  # type: ignore[attr-defined]
    server.parse_csv_input = read  # type: ignore[attr-defined]


def _load_pyfunc(path: str) -> GraphModel:
    accept_csv_as_text()
    return GraphModel(load(Path(path), whole=False))
