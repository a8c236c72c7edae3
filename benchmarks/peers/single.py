"""(b) The same job on one core's worth of memory: pandas and scikit-learn, a pickle and a Parquet file.

Run as `python -m benchmarks.peers.single CSV ROOT`; the last line of its output is JSON.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.peers.tutorial import CATEGORICAL, NUMERIC, TARGET


def main(path: str, root: str) -> None:
    """Train, evaluate, save and score."""
    flights = pd.read_csv(path).drop_duplicates()
    clean = flights.dropna(subset=[TARGET])
    for name in NUMERIC:
        q1, q3 = clean[name].quantile([0.25, 0.75])
        inside = clean[name].between(q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1))
        clean = clean[clean[name].isna() | inside]
    train, test = train_test_split(clean, test_size=0.2, random_state=42)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encode = OneHotEncoder(handle_unknown="ignore")
    features = ColumnTransformer([("numbers", numbers, NUMERIC), ("categories", encode, CATEGORICAL)])
    model = make_pipeline(features, LinearRegression()).fit(train, train[TARGET])
    guessed = model.predict(test)
    metrics = {
        "rmse": root_mean_squared_error(test[TARGET], guessed),
        "mae": mean_absolute_error(test[TARGET], guessed),
        "r2": r2_score(test[TARGET], guessed),
    }
    (Path(root) / "model.pickle").write_bytes(pickle.dumps(model))
    flights.assign(prediction=model.predict(flights)).to_parquet(Path(root) / "predictions.parquet")
    print(json.dumps({"metrics": {name: float(np.round(value, 6)) for name, value in metrics.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
