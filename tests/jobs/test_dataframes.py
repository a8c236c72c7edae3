"""DataFrames as they come in a notebook: trained on, scored, and asked of the model that was trained."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from houses import house

import spark_jobs
from spark_jobs.sources.readers.dataframe import spark_frame

COLUMNS = ["size", "rooms", "kind", "built", "price"]
ROWS, TESTED = 260, 52


def houses(count: int, seed: int) -> pd.DataFrame:
    chance = random.Random(seed)
    frame = pd.DataFrame([house(chance) for _ in range(count)], columns=COLUMNS)
    frame["built"] = pd.to_datetime(frame["built"])
    return frame


@dataclass(frozen=True)
class Trained:
    """What was trained on a frame, whose last fifth of rows tests the model."""

    frame: pd.DataFrame
    env: spark_jobs.Environment
    result: spark_jobs.Result

    @property
    def test(self) -> pd.DataFrame:
        return self.frame[self.frame["part"] == "test"]

    @property
    def model(self) -> spark_jobs.TrainedModel:
        return self.result.load_model()


def trained_on(frame: pd.DataFrame, folder, **keys) -> Trained:
    parts = np.where(np.arange(len(frame)) < len(frame) - TESTED, "train", "test")
    frame, env = frame.assign(part=parts), spark_jobs.Environment(root=str(folder / "root"))
    split = {"kind": "column", "column": "part", "test_value": "test"}
    return Trained(frame, env, spark_jobs.train(source=frame, split=split, env=env, **keys))


@pytest.fixture(scope="module")
def prices(session, tmp_path_factory) -> Trained:
    """A number that is predicted by a linear model with a graph."""
    return trained_on(houses(ROWS, 1), tmp_path_factory.mktemp("prices"), target="price")


@pytest.fixture(scope="module")
def kinds(session, tmp_path_factory) -> Trained:
    """A class that is predicted by trees without a graph."""
    frame = houses(ROWS, 2)
    frame["large"] = np.where(frame["size"] > 110, "yes", "no")
    model = {"kind": "tree"}
    folder = tmp_path_factory.mktemp("kinds")
    return trained_on(
        frame, folder, target="large", name="kinds", model=model, graph="skip", columns={"ignore": ["price"]}
    )


def test_a_pandas_frame_is_trained_on_and_names_its_model_after_the_target(spark, prices):
    assert prices.result.model == {"name": "price", "version": 1, "alias": "challenger"}
    assert (prices.result.rows["read"], prices.result.rows["tested"]) == (ROWS, TESTED)
    assert prices.result.metrics["rmse"] < 2_000  # the noise of a price has a deviation of 500
    assert prices.result.report.name == "report.html"
    assert prices.result.report.stat().st_size > 10_000


def test_a_model_is_evaluated_as_its_training_was(spark, prices, kinds):
    for trained in (prices, kinds):
        of_pandas = trained.model.evaluate(trained.test)
        of_spark = trained.model.evaluate(spark_frame(trained.test, spark))
        assert of_pandas == pytest.approx(dict(trained.result.metrics), rel=1e-9)
        assert of_spark == pytest.approx(dict(trained.result.metrics), rel=1e-9)


def test_an_evaluation_counts_a_label_that_training_never_saw_as_an_error(spark, kinds):
    one_wrong = kinds.test.copy()
    one_wrong.iloc[0, one_wrong.columns.get_loc("large")] = "perhaps"
    right = round(kinds.result.metrics["accuracy"] * TESTED)
    first_right = kinds.model.predict(kinds.test.head(1))["prediction"].iloc[0] == kinds.test["large"].iloc[0]
    assert kinds.model.evaluate(one_wrong)["accuracy"] == pytest.approx((right - first_right) / TESTED)


def test_rows_without_a_label_are_no_part_of_an_evaluation(spark, prices):
    unlabelled = prices.test.head(3).assign(price=np.nan)
    measured = prices.model.evaluate(pd.concat([prices.test, unlabelled]))
    assert measured == pytest.approx(dict(prices.result.metrics), rel=1e-9)
    with pytest.raises(spark_jobs.DataError, match="lack 'price', which an evaluation needs"):
        prices.model.evaluate(prices.test.drop(columns="price"))


def test_pandas_rows_are_predicted_as_spark_rows_are(spark, prices, kinds):
    for trained in (prices, kinds):
        rows = trained.test.set_index(pd.Index(range(100, 100 + TESTED)))
        said = trained.model.predict(rows)
        answers = trained.model.transform(spark_frame(rows, spark))
        expected = [row["prediction"] for row in answers.collect()]
        assert answers.columns[-1] == "valid"
        assert set(said.columns) == set(answers.columns) - set(rows.columns)
        assert said.index.tolist() == rows.index.tolist()
        assert said["prediction"].tolist() == (pytest.approx(expected) if trained is prices else expected)
    assert said.columns.tolist() == ["prediction", "probabilities", "probability", "valid"]
    assert said["valid"].all()
    assert said["probabilities"].iloc[0].keys() == {"no", "yes"}


def test_a_prediction_that_is_not_finite_is_not_valid_in_pandas_and_in_spark(spark, prices):
    rows = prices.test.head(3).assign(size=[50.0, 1.7e308, 70.0])
    answers = prices.model.predict(spark_frame(rows, spark)).select("size", "valid").collect()
    assert {row["size"]: row["valid"] for row in answers} == {50.0: True, 1.7e308: False, 70.0: True}
    assert prices.model.predict(rows)["valid"].tolist() == [True, False, True]


def test_a_model_with_a_graph_predicts_pandas_rows_without_spark(spark, prices, monkeypatch):
    model = spark_jobs.load_model(prices.result.bundle)
    monkeypatch.setattr(
        "spark_jobs.scoring.trained_model.current_session", lambda spark: pytest.fail("Spark was asked for")
    )
    said = model.predict(prices.test.drop(columns="price"))
    assert np.abs(said["prediction"] - prices.test["price"]).max() < 5_000
    assert said["valid"].all()


def test_a_model_names_what_it_reads_and_what_matters_most(prices, kinds):
    assert set(prices.model.feature_names) == {"size", "rooms", "kind", "built"}
    assert set(kinds.model.feature_names) <= {"size", "rooms", "kind", "built"}
    assert next(iter(prices.model.importances)) == "size"
    assert set(prices.model.importances) == set(prices.model.feature_names)
    assert min(prices.model.importances.values()) >= 0
    assert {"size", "kind = flat"} <= set(prices.model.coefficients)
    assert (min(prices.model.coefficients.values()) < 0, kinds.model.coefficients) == (True, {})
    assert kinds.model.importances["size"] == pytest.approx(1.0, abs=0.05)
    assert sum(kinds.model.importances.values()) == pytest.approx(1.0)


def test_a_registered_model_is_loaded_by_its_name(spark, prices):
    by_alias = spark_jobs.load_model("price@challenger", env=prices.env)
    by_number = spark_jobs.load_model("price@1", env=prices.env)
    assert str(by_alias.bundle) == str(by_number.bundle) == prices.result.bundle
    with pytest.raises(spark_jobs.JobError, match="has no version 7"):
        spark_jobs.load_model("price@7", env=prices.env)


def test_a_frame_is_scored_once_and_the_same_frame_again_adds_nothing(spark, prices):
    asked = {"source": prices.frame, "target": "price", "env": prices.env}
    promoted = spark_jobs.promote(**asked)
    assert promoted.model["alias"] == "champion"
    new = houses(20, 5).drop(columns="price")
    first = spark_jobs.score(**asked, input=new)
    again = spark_jobs.score(**asked, input=spark_frame(new, spark))
    assert (first.rows["scored"], first.rows["duplicates"]) == (20, 0)
    assert again.rows["duplicates"] == 20
    table = spark.read.format("delta").load(first.tables["price_predictions"])
    scored = {row["size"]: row["prediction"] for row in table.collect()}
    said = promoted.load_model().predict(new)["prediction"]
    assert [scored[size] for size in new["size"]] == pytest.approx(said.tolist())


def test_a_path_is_scored_by_the_spec_of_a_frame(spark, prices, tmp_path):
    spark_jobs.promote(source=prices.frame, target="price", env=prices.env)
    new = houses(10, 6).drop(columns="price")
    new.to_parquet(tmp_path / "new.parquet")
    spec = prices.model.bundle / "spec.yml"
    assert spark_jobs.score(spec, input=tmp_path / "new.parquet", env=prices.env).rows["scored"] == 10
    assert spark_jobs.maintain(spec, dry_run=True, env=prices.env).extra["dry_run"]


def test_the_whole_way_goes_from_a_frame_of_spark_to_predictions(spark, tmp_path):
    frame, env = spark_frame(houses(200, 7), spark), spark_jobs.Environment(root=str(tmp_path / "root"))
    done = spark_jobs.run(source=frame, target="kind", name="of-spark", model={"kind": "naive_bayes"}, env=env)
    assert done.model == {"name": "of-spark", "version": 1, "alias": "champion"}
    assert (done.rows["read"], done.rows["scored"]) == (200, 200)
    assert spark.read.format("delta").load(done.tables["of-spark_predictions"]).count() == 200
    shown = done.load_model().predict(houses(3, 8))
    assert shown["prediction"].isin(["flat", "house", "loft"]).all()
    assert [round(sum(one.values()), 9) for one in shown["probabilities"]] == [1, 1, 1]


def test_a_frame_cannot_be_streamed(spark, prices):
    asked = {"source": prices.frame, "target": "price", "env": prices.env}
    spark_jobs.promote(**asked)
    with pytest.raises(spark_jobs.SpecError, match="A source of kind dataframe cannot be streamed"):
        spark_jobs.stream(**asked)


def test_a_registered_model_is_exported_by_its_name(prices, tmp_path):
    done = spark_jobs.export("price@1", tmp_path / "edge", env=prices.env)
    assert done.bundle == prices.result.bundle
    assert {"model.onnx", "manifest.json", "predict.py"} <= {path.name for path in (tmp_path / "edge").iterdir()}
    with pytest.raises(spark_jobs.SpecError, match="is not an export"):
        spark_jobs.export(prices.model, Path(__file__).parent)


def test_the_doctor_leaves_the_session_open(spark, prices):
    told = spark_jobs.doctor(env=prices.env)
    assert "Python workers" in str(told)
    assert spark.range(3).count() == 3


def test_init_writes_a_spec_that_is_read_again(spark, tmp_path):
    houses(100, 9).assign(id=range(100)).to_parquet(tmp_path / "houses.parquet")
    done = spark_jobs.init(tmp_path / "houses.parquet", "price", out=tmp_path / "houses.yml", spark=spark)
    assert done.extra["spec"] == str(tmp_path / "houses.yml")
    spec = spark_jobs.Spec.from_yaml(tmp_path / "houses.yml")
    assert (spec.name, spec.target, spec.task, spec.key) == ("houses", "price", "regression", ())
    text = (tmp_path / "houses.yml").read_text(encoding="utf-8")
    assert "name: houses   # of the model and its tables" in text.splitlines()
    (tmp_path / "houses.yml").write_text(text.replace("# key:", "key:"), encoding="utf-8")
    assert spark_jobs.Spec.from_yaml(tmp_path / "houses.yml").key == ("id",)


def test_a_plan_and_a_profile_are_returned_as_such(spark, prices):
    asked = {"source": prices.frame, "target": "price", "env": prices.env}
    plan = spark_jobs.make_plan(**asked, columns={"ignore": ["built", "part"]})
    assert isinstance(plan, spark_jobs.Plan)
    assert "<th>about</th><th>decision</th><th>reason</th>" in plan._repr_html_()
    assert set(plan.used) == {"size", "rooms", "kind"}
    assert any(line.startswith("kind ") and "one_hot" in line for line in str(plan).splitlines())
    profile = spark_jobs.make_profile(source=prices.frame.assign(rooms=np.nan), target="price", env=prices.env)
    assert isinstance(profile, spark_jobs.Profile)
    assert f"<td>rooms</td><td>double</td><td>{ROWS}</td><td>0</td><td></td>" in profile._repr_html_()
    assert (profile.rows, profile["rooms"].present, profile["kind"].distinct) == (ROWS, 0, 3)


def test_a_notebook_shows_a_model_and_a_result_as_tables(prices):
    assert repr(prices.model) == "<TrainedModel price: predicts price (regression, linear) from 4 columns>"
    shown = prices.model._repr_html_()
    assert "<td>predicts</td><td>price (regression)</td>" in shown
    assert "<td>importance of size</td>" in shown
    told = prices.result._repr_html_()
    assert f"<td>rows read</td><td>{ROWS}</td>" in told
    assert f"<td>rmse</td><td>{prices.result.metrics['rmse']:.4g}</td>" in told


def test_cells_of_pandas_become_the_cells_of_spark(spark):
    moment = datetime(2020, 3, 29, 2, 30)
    frame = pd.DataFrame({
        "number": [1.5, np.nan],
        "whole": pd.array([1, None], dtype="Int64"),
        "small": np.array([255, 0], dtype="uint8"),
        "large": np.array([2**64 - 1, 0], dtype="uint64"),
        "text": ["a", None],
        "level": pd.Categorical(["x", None]),
        "moment": [moment, pd.NaT],
        "zoned": pd.to_datetime(["2020-01-01T00:00+01:00", None], utc=True),
        "exact": [Decimal("1.10"), None],
        7: [True, False],
    })  # fmt: skip
    first, second = spark_frame(frame, spark).select("*").collect()
    assert first.asDict() | {"zoned": None} == {
        "number": 1.5, "whole": 1, "small": 255, "large": 2**64 - 1, "text": "a", "level": "x", "moment": moment,
        "zoned": None, "exact": Decimal("1.10"), "7": True,
    }  # fmt: skip
    assert [name for name, cell in second.asDict().items() if cell is not None] == ["small", "large", "7"]
    kinds = dict(spark_frame(frame, spark).dtypes)
    assert (kinds["moment"], kinds["zoned"]) == ("timestamp_ntz", "timestamp")


def test_a_spec_whose_frame_is_not_there_is_refused(spark, prices, tmp_path):
    source = {"kind": "dataframe", "table": "spark_jobs_not_here"}
    with pytest.raises(spark_jobs.SpecError, match="no DataFrame 'spark_jobs_not_here'"):
        spark_jobs.make_plan(source=source, target="price", env=spark_jobs.Environment(root=str(tmp_path)))


def test_a_frame_of_another_session_is_refused_where_a_session_is_given(spark, tmp_path):
    other = spark.newSession()
    frame, env = spark_frame(houses(60, 4), other), spark_jobs.Environment(root=str(tmp_path))
    with pytest.raises(spark_jobs.JobError, match="belongs to another Spark session"):
        spark_jobs.make_plan(source=frame, target="price", spark=spark, env=env)
    assert set(spark_jobs.make_plan(source=frame, target="price", env=env).used) == {"size", "rooms", "kind", "built"}


def test_a_frame_with_a_name_twice_is_refused(spark, tmp_path):
    frame = spark.range(3).selectExpr("id AS a", "id AS A", "id AS y")
    with pytest.raises(spark_jobs.DataError, match=r"differ by more than case.*'a', 'A'"):
        spark_jobs.train(source=frame, target="y", env=spark_jobs.Environment(root=str(tmp_path)))
