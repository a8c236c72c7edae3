"""A search within its limits: it goes on where it was interrupted, and cancels nobody else's jobs."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from test_study import SPACE

from spark_jobs.errors import DataError, JobError
from spark_jobs.models import TableShape
from spark_jobs.runtime.job_groups import JobGroup
from spark_jobs.spec.learning import Tune
from spark_jobs.tuning import search as searches
from spark_jobs.tuning.search import Search
from spark_jobs.tuning.search_plan import SearchPlan
from spark_jobs.tuning.space import Proposal
from spark_jobs.tuning.study import opened_study
from spark_jobs.tuning.trials import FoldScore, Slots, TrialScore

SHAPE = TableShape("regression", 1000, 4, 0, 0.5, 3, 6)


class Runner:
    """Scores settings by their depth, without Spark; `actions` are called by the number of the call."""

    metric = "rmse"

    def __init__(self, spark, slots=1, **actions):
        self.spark, self.slots, self.calls, self.actions = spark, Slots(slots), [], actions

    def run(self, proposal, folds, share=1.0):
        self.calls.append((proposal, folds, share))
        if "every" in self.actions:
            self.actions["every"](len(self.calls))
        depth = proposal.settings.get("max_depth", 6)
        return TrialScore(tuple(FoldScore(abs(depth - 5.0) + fold / 100, None, 1.0) for fold in folds), 3)


def plan(**changed):
    tune = Tune(**{"trials": 6, **changed.pop("tune", {})})
    first = (Proposal("xgboost", {"max_depth": 12}), Proposal("xgboost", {"max_depth": 4}))
    return replace(SearchPlan(tune, SHAPE, "rmse", ("xgboost",), {}, {"xgboost": SPACE["xgboost"]}, first), **changed)


def run(folder, runner, planned, ended=lambda record: None):
    tune = planned.tune
    with opened_study(folder / "s.db", "k", "rmse", tune.engine, 1, planned.space) as study:
        Search(study, runner, planned, ended).run()
        return study.records()


def test_the_first_settings_come_first_and_a_sampler_chooses_the_others(spark, tmp_path):
    records = run(tmp_path, Runner(spark), plan())
    assert [one.settings for one in records[:2]] == [{"max_depth": 12}, {"max_depth": 4}]
    assert len(records) == len({str(one.settings) for one in records}) == 6
    assert {one.state for one in records} == {"finished"}


def test_a_grid_tries_every_combination_and_stops(spark, tmp_path):
    records = run(tmp_path, Runner(spark), plan(tune={"trials": 50, "engine": "grid"}))
    tried = {(one.settings["learning_rate"], one.settings["max_depth"]) for one in records}
    assert len(tried) == len(records) == 16
    assert {depth for _, depth in tried} == {3, 6, 9, 12}


@pytest.mark.parametrize("engine", ["tpe", "random"])
def test_an_interrupted_search_ends_with_each_settings_once(spark, tmp_path, engine):
    def interrupt(record):
        raise KeyboardInterrupt

    planned = plan(tune={"trials": 12, "engine": engine})
    runs = 0
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, Runner(spark, slots=2), planned, interrupt)
        runs += 1
    runner = Runner(spark, slots=2)
    records = run(tmp_path, runner, planned)
    assert len(records) == len({str(one.settings) for one in records}) == 12
    assert {one.state for one in records} == {"finished"}
    assert len(runner.calls) <= 12 - runs, "finished trials do not run again"


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on(spark, tmp_path):
    def fail(call):
        if call == 2:
            raise JobError("The rmse of a fold is not a finite number.")

    records = run(tmp_path, Runner(spark, every=fail), plan())
    assert [one.state for one in records] == ["finished", "failed", *["finished"] * 4]
    assert records[1].cause == "The rmse of a fold is not a finite number."


def test_a_search_in_which_everything_fails_gives_up_with_the_cause(spark, tmp_path):
    def fail(call):
        raise MemoryError

    runner = Runner(spark, every=fail)
    with pytest.raises(DataError, match="All 10 trials failed: Python ran out of memory"):
        run(tmp_path, runner, plan(tune={"trials": 100}))
    assert len(runner.calls) == 10


def test_large_tables_are_screened_on_a_share_of_one_fold(spark, tmp_path):
    shape = replace(SHAPE, rows=200_000)
    runner = Runner(spark)
    records = run(tmp_path, runner, plan(shape=shape, tune={"trials": 12}))
    assert runner.calls[0][1:] == ((0,), 0.1)
    assert runner.calls[1][1:] == ((0, 1, 2), 1.0)
    out = [one for one in records if one.state == "screened out"]
    assert out
    assert min(one.screening for one in out) > min(one.screening for one in records)
    assert all(one.number >= searches.FIRST_SCREENINGS for one in out)


def sleep_on_executor(spark, seconds):
    def wait(batches):
        time.sleep(seconds)
        yield from batches

    spark.range(0, 1, 1, 1).mapInArrow(wait, "id long").collect()


def test_the_time_limit_ends_running_trials_and_keeps_what_is_finished(spark, tmp_path):
    def slow(call):
        if call > 2:
            sleep_on_executor(spark, 60)

    start = time.monotonic()
    records = run(tmp_path, Runner(spark, every=slow), plan(tune={"trials": None, "minutes": 0.05}))
    assert time.monotonic() - start < 3 + 15
    assert [one.state for one in records] == ["finished", "finished", "failed"]
    assert records[2].cause == "the time limit ended it"


def test_a_limit_too_short_for_one_trial_is_refused(spark, tmp_path):
    runner = Runner(spark, every=lambda call: sleep_on_executor(spark, 60))
    with pytest.raises(DataError, match=r"`tune\.minutes: 0\.01` is too short: no trial finished") as error:
        run(tmp_path, runner, plan(tune={"trials": None, "minutes": 0.01}))
    assert error.value.exit_status == 3


def test_a_group_cancels_its_own_jobs_only(spark):
    ended = {}

    def work(name, group):
        try:
            if group is None:
                sleep_on_executor(spark, 4)
            else:
                with group.joined():
                    sleep_on_executor(spark, 60)
            ended[name] = "done"
        except Exception:
            ended[name] = "cancelled"

    group = JobGroup(spark, "tuning")
    threads = [threading.Thread(target=work, args=pair) for pair in (("ours", group), ("theirs", None))]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    group.cancel()
    for thread in threads:
        thread.join(30)
    assert ended == {"ours": "cancelled", "theirs": "done"}
