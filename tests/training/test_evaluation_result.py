"""An evaluation as JSON. No Spark."""

from __future__ import annotations

import json

import numpy as np

from spark_jobs.training.evaluation_result import Evaluation


def test_an_evaluation_is_json_without_nan_infinity_or_numpy():
    details = {"a": np.array([[1.5, np.nan]]), "b": (np.int64(3), float("inf")), 7: {"c": np.float64(0.25), "d": None}}
    found = Evaluation("regression", 5, {"rmse": np.float64(2.0)}, details, ("a note",)).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "task": "regression",
        "rows": 5,
        "metrics": {"rmse": 2.0},
        "details": {"a": [[1.5, None]], "b": [3, None], "7": {"c": 0.25, "d": None}},
        "notes": ["a note"],
    }
