"""A training with an algorithm, an encoder, a scaler and a step in a role of its own, all of another distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from plugin_distribution import ALL_TOYS, installed

import spark_jobs
from spark_jobs.bundle.stages import read_pipeline

ROWS = 240
LEVELS = ["a", "b", "c", "d"]


def shops(seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    sales = random.normal(0, 40, ROWS)
    kind = random.choice(LEVELS, ROWS)
    rate = np.exp(0.2 * np.sign(sales) * np.log1p(np.abs(sales)) + 0.3 * (kind == "d"))
    parts = np.where(np.arange(ROWS) < 200, "train", "test")
    return pd.DataFrame({"sales": sales, "kind": kind, "visits": random.poisson(rate).astype(float), "part": parts})


@pytest.fixture(scope="module")
def trained(session, tmp_path_factory) -> Iterator[tuple[pd.DataFrame, spark_jobs.Result]]:
    folder, frame = tmp_path_factory.mktemp("plugins"), shops(3)
    with installed(folder / "site", ALL_TOYS):
        yield (
            frame,
            spark_jobs.train(
                source=frame,
                target="visits",
                task="regression",
                split={"kind": "column", "column": "part", "test_value": "test"},
                features={"categorical": "rank", "numeric": "symmetric", "steps": {"transform": "signed_log"}},
                model={"kind": "poisson"},
                env=spark_jobs.Environment(root=str(folder / "root")),
            ),
        )


def test_the_plan_and_the_pipeline_have_every_step_in_its_order(trained):
    model = trained[1].load_model()
    sales, kind = model.plan.inputs
    assert (sales.column, sales.steps, sales.scale) == ("sales", (("transforms", "signed_log"),), "symmetric")
    assert (kind.column, kind.encode) == ("kind", "rank")
    decided = {one.subject: one.choice for one in model.plan.decisions}
    assert decided["sales"] == "number, signed_log, symmetric"
    assert [stage.kind for stage in read_pipeline(model.bundle / "pipeline")] == [
        "SQLTransformer",
        "ImputerModel",
        "SQLTransformer",
        "StringIndexerModel",
        "SQLTransformer",
        "VectorAssembler",
        "MinMaxScalerModel",
        "VectorAssembler",
        "GeneralizedLinearRegressionModel",
    ]


def test_the_verified_graph_computes_the_steps_as_numpy_does(trained):
    frame, result = trained
    model = result.load_model()
    known = frame[frame["part"] == "train"]
    signed = np.sign(frame["sales"]) * np.log1p(np.abs(frame["sales"]))
    low, high = signed[known.index].min(), signed[known.index].max()
    features = np.column_stack([2 * (signed - low) / (high - low) - 1, frame["kind"].map(LEVELS.index) / len(LEVELS)])
    weights = np.array([model.coefficients["sales"], model.coefficients["kind (rank)"]])
    predicted = model.predict(frame.drop(columns="visits"))
    assert predicted["valid"].all()
    rest = np.log(predicted["prediction"].to_numpy()) - features @ weights
    assert np.ptp(rest) < 1e-9, "what is left is the constant term"
    assert weights[0] > 0.5, "visits grow with sales"


def test_the_graph_was_compared_with_the_pipeline_on_adversarial_rows(trained):
    parity = trained[1].load_model().manifest.parity
    assert parity["holds"]
    assert sum(parity["rows"].values()) > 1000
    assert parity["largest"] < 1e-9
