"""A training that searches: the winner is refitted on all training rows, and everything about it is on record."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from orders import orders_file

from spark_jobs import progress
from spark_jobs.errors import DataError, SpecError
from spark_jobs.jobs import plan, train
from spark_jobs.models import TableShape
from spark_jobs.plan import Plan
from spark_jobs.spec import Environment, Tune, parse
from spark_jobs.training.search_result import TrialRecord
from spark_jobs.tuning.choose import affordable
from spark_jobs.tuning.leaderboard import reason
from spark_jobs.tuning.search_plan import SearchPlan

TRIALS = 7


@pytest.fixture(scope="module")
def trained(session, tmp_path_factory):
    """A training with `model.kind: auto`, its result and its root."""
    folder = tmp_path_factory.mktemp("search")
    spec = spec_of(orders_file(folder), model={"kind": "auto"}, tune={"trials": TRIALS})
    env = Environment(root=str(folder / "root"))
    with progress.show(False):
        return spec, train.run(spec, session, env), Path(env.root)


def spec_of(source, **keys):
    return parse({"source": str(source), "target": "late", "key": ["order"], "columns": {"ignore": ["customer", "day"]},
                  "name": "orders", **keys})  # fmt: skip


def test_the_winner_is_better_than_every_other_trial_and_is_what_was_trained(trained):
    _, result, _ = trained
    tuning = result.extra["tuning"]
    scores = [row["roc_auc"] for row in tuning["leaderboard"]]
    assert scores == sorted(scores, reverse=True)
    assert tuning["score"] == scores[0]
    assert {"xgboost", "linear"} <= {row["model"] for row in tuning["leaderboard"]}
    assert result.metrics["roc_auc"] > 0.7
    stored = Plan.from_json((Path(result.bundle) / "plan.json").read_text())
    assert stored.model == tuning["model"]
    for name, value in tuning["params"].items():
        assert name.startswith(("features.", "model.")) or stored.params[name] == value


def test_the_plan_says_why_in_words(trained):
    _, result, _ = trained
    stored = Plan.from_json((Path(result.bundle) / "plan.json").read_text())
    (model,) = [one for one in stored.decisions if one.subject == "model"]
    assert model.choice == stored.model
    assert f"best of {TRIALS} trials" in model.reason
    assert "roc_auc 0." in model.reason
    assert any(line.startswith("  best ") for line in result.summary)


def test_the_study_has_a_file_of_its_own(trained):
    _, _, root = trained
    with sqlite3.connect(root / "tuning" / "orders.db") as database:
        states = [row[0] for row in database.execute("select state from trials")]
    database.close()
    assert len(states) == TRIALS


def test_each_trial_is_a_child_run_without_a_test_score(trained):
    from mlflow import MlflowClient

    _, result, root = trained
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    parent = client.get_run(result.run_id)
    children = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{result.run_id}'")
    assert len(children) == TRIALS
    for child in children:
        assert all(
            name.startswith(("validation.", "training.", "screening.", "seconds")) for name in child.data.metrics
        )
        assert child.info.status in ("FINISHED", "FAILED")
        assert "model" in child.data.params
    best = max(child.data.metrics.get("validation.roc_auc", 0.0) for child in children)
    assert best == pytest.approx(result.extra["tuning"]["score"])


def test_the_report_has_the_leaderboard_and_three_parts_side_by_side(trained):
    _, result, _ = trained
    text = (Path(result.bundle) / "report.html").read_text()
    for words in (f"Leaderboard of {TRIALS} trials", "Validation rows of the folds", "Test rows", "best of"):
        assert words in text


def test_the_staged_folds_are_removed(trained):
    _, _, root = trained
    assert not (root / "runs").exists()


def test_the_same_search_again_runs_no_trial_again(trained, session):
    spec, result, root = trained
    with progress.show(False):
        again = train.run(spec, session, Environment(root=str(root)))
    assert again.extra["tuning"] == json.loads(json.dumps(result.extra["tuning"]))
    assert again.model["version"] == 2


def test_plan_shows_what_would_be_searched(trained, session):
    spec, _, root = trained
    with progress.show(False):
        lines = plan.run(spec, session, Environment(root=str(root))).summary
    assert any("xgboost.max_depth" in line and "3 to 12" in line for line in lines)
    assert any("roc_auc" in line and f"at most {TRIALS} trials" in line for line in lines)


def test_settings_that_the_spec_fixes_are_kept_and_one_algorithm_is_tuned_alone(session, tmp_path):
    spec = spec_of(
        orders_file(tmp_path),
        model={"kind": "xgboost", "params": {"max_depth": 2, "n_estimators": 40}},
        tune={"trials": 3, "folds": 2, "metric": "log_loss", "points": [{"learning_rate": 0.2}]},
    )
    with progress.show(False):
        result = train.run(spec, session, Environment(root=str(tmp_path / "root")))
    stored = Plan.from_json((Path(result.bundle) / "plan.json").read_text())
    assert (stored.params["max_depth"], stored.params["n_estimators"]) == (2, 40)
    assert {"learning_rate": 0.2} in [row["settings"] for row in result.extra["tuning"]["leaderboard"]]
    assert result.extra["tuning"]["metric"] == "log_loss"


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ({"tune": {"metric": "rmse"}}, SpecError, "`tune.metric: rmse` is not a metric of `task: binary`"),
        (
            {"tune": {"folds": 2, "trials": 2, "metric": "log_loss"}, "model": {"kind": "svm"}},
            DataError,
            "All 2 trials",
        ),
    ],
)
def test_a_search_that_cannot_work_is_refused(session, tmp_path, keys, error, message):
    with progress.show(False), pytest.raises(error, match=message):
        train.run(spec_of(orders_file(tmp_path), **keys), session, Environment(root=str(tmp_path / "root")))


def test_a_winner_that_could_not_be_fitted_in_the_time_limit_is_passed_over():
    shape = TableShape("binary", 1000, 4, 2, 0.5, 3, 6)
    limited = SearchPlan(Tune(minutes=1, folds=3), shape, "roc_auc", ("xgboost",), {}, {}, ())
    slow, quick, cheap = (
        TrialRecord(number, "xgboost", {}, "finished", score, seconds=seconds)
        for number, (score, seconds) in enumerate([(0.95, 90.0), (0.94, 20.0), (0.90, 5.0)])
    )
    # A fold of three has two thirds of the rows: 30 s there are 45 s on all rows, and more with more rounds.
    assert affordable((slow, quick, cheap), limited) == quick
    assert affordable((slow, quick, cheap), replace(limited, tune=Tune(trials=3))) == slow
    assert affordable((slow,), limited) == slow
    sampled = replace(quick, share=0.1)
    assert affordable((slow, sampled, cheap), limited) == cheap, "on all rows it takes ten times as long"


def test_the_reason_compares_algorithms_and_what_their_fits_cost():
    trials = [
        TrialRecord(0, "xgboost", {}, "finished", 0.931, seconds=20.0),
        TrialRecord(1, "linear", {}, "finished", 0.907, seconds=12.0),
        TrialRecord(2, "linear", {"reg_param": 0.1}, "finished", 0.9, seconds=1.0),
        TrialRecord(3, "xgboost", {}, "failed", cause="out of memory"),
    ]
    said = "XGBoost: roc_auc 0.931, linear and logistic regression 0.907"
    assert reason(trials, "roc_auc", 2_000_000) == f"{said}; 4 s slower per million rows (best of 4 trials)"
    assert reason(trials, "roc_auc", 2_000) == f"{said} (best of 4 trials)"
