"""What MLflow loads: the model in a folder, asked with a pandas frame. Needs neither Spark nor what trained it."""

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
    """A model as MLflow asks it."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._told: set[str] = set()

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """What the model says of each row, beside the rows' index.

        Returns `prediction` (a number, or the label as text); for two classes `probability` (of the positive one), for
        classes `probabilities` (a dictionary of label to double); instead of them `margin` for an SVM; `valid`, whether
        what is said are finite numbers.

        Raises:
            DataError: a column that the model reads is not there, or is text and came as something else.
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
        """Say once of each column that it came with cells that count as missing."""
        kinds = {one.name: one.cells for one in self.predictor.manifest.inputs}
        for name, count in lost.items():
            if name not in self._told:
                self._told.add(name)
                _log.warning("'%s': %s cells are no %s and count as missing.", name, count, kinds[name])

    def _wall(self) -> tzinfo | None:
        """In a Spark task pandas has moments as wall time of the session's zone."""
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
            raise JobError(f"{_ZONE} is '{name}', which is no IANA time zone.", f"Set {_ZONE} to one.") from error


class _Here(tzinfo):
    """This machine's own zone, which Spark's sessions have unless they are told another."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return moment.replace(tzinfo=None).astimezone().utcoffset() if moment else None

    def dst(self, moment: datetime | None) -> None:
        return None

    def tzname(self, moment: datetime | None) -> None:
        return None


def _by_label(values: Array, labels: tuple[str, ...]) -> list[dict[str, float]]:
    return [dict(zip(labels, row, strict=True)) for row in values.tolist()]


def _read_csv_requests() -> None:
    """Let MLflow's server read CSV as `score` does; it refuses to where a signature has columns of type Any."""
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
    _read_csv_requests()
    return GraphModel(load(Path(path), whole=False))
