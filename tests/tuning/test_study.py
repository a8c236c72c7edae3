"""The study on disk: true settings, no settings twice, and a search that goes on where it was interrupted."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from spark_jobs.models import Choices, NumberRange
from spark_jobs.tuning.space import Proposal
from spark_jobs.tuning.study import opened_study
from spark_jobs.tuning.trials import FoldScore, TrialScore

SPACE = {
    "xgboost": {"learning_rate": NumberRange(0.01, 0.3, log=True), "max_depth": NumberRange(3, 12, whole=True)},
    "neural_net": {"hidden_layers": Choices(((16,), (32, 16)))},
}


def opened(folder, key="k", engine="tpe", metric="rmse"):
    return opened_study(folder / "study.db", key, metric, engine, 42, SPACE)


def score(*values):
    return TrialScore(
        tuple(FoldScore(value, None, 1.0, {"n_estimators": round(100 * value)}) for value in values), len(values)
    )


def test_rounds_that_were_found_on_a_share_of_the_rows_grow_at_most_to_the_double(tmp_path):
    folds = [FoldScore(1.0, None, 1.0, {"n_estimators": 100}, share=share) for share in (0.5, 0.5, 0.5)]
    assert TrialScore(tuple(folds), 3).settled() == {"n_estimators": round(100 * 3**0.5)}, "three times the rows"
    few = [replace(one, share=0.001) for one in folds]
    assert TrialScore(tuple(few), 3).settled() == {"n_estimators": 200}
    with opened(tmp_path) as study:
        study.propose(Proposal("xgboost", {}))
        study.finish(0, TrialScore(tuple(few), 3), None)
        assert study.records()[0].share == 0.001


def test_settings_outside_of_the_ranges_are_tried_as_they_are(tmp_path):
    proposal = Proposal("xgboost", {"learning_rate": 0.9, "reg_lambda": 0.0})
    with opened(tmp_path) as study:
        assert study.propose(proposal) == (0, proposal)
        study.finish(0, score(1.0, 3.0), None)
    with opened(tmp_path) as study:
        (record,) = study.records()
    assert (record.kind, record.settings, record.state) == ("xgboost", dict(proposal.settings), "finished")
    assert (record.score, record.spread, record.seconds) == (2.0, 1.0, 2.0)
    assert record.settled == {"n_estimators": round(200 * 2**0.5)}, "a fold has half of the rows"


def test_sampled_settings_lie_in_their_ranges(tmp_path):
    with opened(tmp_path) as study:
        for _ in range(12):
            number, proposal = study.sample("xgboost")
            assert 0.01 <= proposal.settings["learning_rate"] <= 0.3
            assert proposal.settings["max_depth"] in range(3, 13)
            study.finish(number, score(*[proposal.settings["learning_rate"]] * 2), None)
        assert study.sample("neural_net")[1].settings["hidden_layers"] in ([16], [32, 16])
        assert set(study.importances("xgboost")) == {"learning_rate", "max_depth"}
        assert study.importances("neural_net") == {}


@pytest.mark.parametrize("engine", ["tpe", "random"])
def test_a_killed_search_goes_on_with_the_settings_that_ran(tmp_path, engine):
    with opened(tmp_path, engine=engine) as study:
        done, _ = study.sample("xgboost")
        study.finish(done, score(1.0, 1.0), None)
        running = study.sample("xgboost")
    with opened(tmp_path, engine=engine) as study:
        assert study.resume("neural_net") == [running]
        later = [study.sample("xgboost")[1] for _ in range(3)]
        settings = [dict(one.settings) for one in study.records()]
    assert len({str(one) for one in settings}) == 5, "a sampler that starts again draws other settings"
    assert all(one.kind == "xgboost" for one in later)


def test_settings_that_were_proposed_but_not_started_come_first(tmp_path):
    proposal = Proposal("xgboost", {"max_depth": 7})
    with opened(tmp_path) as study:
        study.propose(proposal)
    with sqlite3.connect(tmp_path / "study.db") as database:  # as a kill between the proposal and the start leaves it
        database.execute("update trials set state = 'WAITING'")
    database.close()
    with opened(tmp_path) as study:
        assert study.resume("neural_net") == [(0, proposal)]


def test_each_trial_ends_with_its_cause(tmp_path):
    with opened(tmp_path) as study:
        for _ in range(3):
            study.sample("xgboost")
        study.fail(0, "out of memory")
        study.screen_out(1, 3.5, "worse than the median")
        study.discard(2)
        found = [(one.state, one.cause, one.screening) for one in study.records()]
    assert found == [("failed", "out of memory", None), ("screened out", "worse than the median", 3.5)]


def test_the_time_that_was_spent_survives(tmp_path):
    with opened(tmp_path) as study:
        study.spend(12.5)
    with opened(tmp_path) as study:
        assert study.seconds == 12.5
    with opened(tmp_path, key="other") as study:
        assert (study.seconds, study.records()) == (0.0, [])


def test_the_file_is_a_database_of_its_own(tmp_path):
    with opened(tmp_path) as study:
        study.sample("xgboost")
    with sqlite3.connect(tmp_path / "study.db") as database:
        assert database.execute("select study_name from studies").fetchall() == [("k",)]
    database.close()
