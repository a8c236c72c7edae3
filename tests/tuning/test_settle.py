"""Without a search, boosting rounds that the spec leaves open are found by early stopping on inner folds."""

from __future__ import annotations

import re
from pathlib import Path

from orders import orders, orders_file

from spark_jobs import progress
from spark_jobs.jobs import train
from spark_jobs.plan import Plan
from spark_jobs.spec import Environment, parse
from spark_jobs.tuning.settle import open_options


def spec_of(source, **model):
    given = {"source": str(source), "target": "late", "key": ["order"], "columns": {"ignore": ["customer", "day"]}}
    return parse({**given, "model": {"kind": "xgboost", **model}})


def trained(spec, session, root):
    with progress.show(False):
        result = train.run(spec, session, Environment(root=str(root)))
    return result, Plan.from_json((Path(result.bundle) / "plan.json").read_text())


def test_only_rounds_that_the_spec_does_not_set_are_open():
    assert set(open_options(spec_of("a.csv"))) == {"n_estimators"}
    assert open_options(spec_of("a.csv", params={"n_estimators": 10})) == {}
    assert open_options(spec_of("a.csv", kind="linear")) == {}
    assert open_options(parse({"source": "a.csv", "target": "y", "model": {"kind": "xgboost"}, "tune": {}})) == {}


def test_noise_stops_the_rounds_early_and_all_training_rows_are_fitted(session, tmp_path):
    result, plan = trained(spec_of(orders_file(tmp_path)), session, tmp_path / "root")
    rounds = plan.params["n_estimators"]
    assert 1 <= rounds < 200, "the default of 400 rounds learns the noise"
    assert [one.choice for one in plan.decisions if one.subject == "n_estimators"] == [str(rounds)]
    assert result.warnings == ()
    assert "early stopping" in result.seconds
    assert not (tmp_path / "root" / "runs").exists()


def test_of_a_fold_that_is_too_large_for_a_task_a_share_of_the_rows_is_fitted(session, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("spark_jobs.tuning.trials.TASK_BYTES", 10_000)
    with progress.show(True):
        result = train.run(spec_of(orders_file(tmp_path)), session, Environment(root=str(tmp_path / "root")))
    said = re.search(r"early stopping on ([\d.]+) % of the rows", " ".join(capsys.readouterr().err.split()))
    assert 0 < float(said[1]) < 50
    plan = Plan.from_json((Path(result.bundle) / "plan.json").read_text())
    assert plan.params["n_estimators"] != 400


def with_lost(folder, count, others):
    """Orders of which some are lost; `others` says whether the remaining ones have one class or two."""
    table = orders()
    if not others:
        table["late"] = "sent"
    table.loc[table.index[:count], "late"] = "lost"
    table.to_csv(folder / "rare.csv", index=False)
    return folder / "rare.csv"


def test_one_of_two_classes_with_too_few_rows_for_inner_folds_keeps_the_default(session, tmp_path):
    spec = spec_of(with_lost(tmp_path, 5, others=False), params={"max_depth": 2})
    assert trained(spec, session, tmp_path / "root")[1].params["n_estimators"] == 400


def test_a_rare_class_among_several_does_not_keep_the_rounds_from_being_found(session, tmp_path):
    spec = spec_of(with_lost(tmp_path, 5, others=True), params={"max_depth": 2})
    assert trained(spec, session, tmp_path / "root")[1].params["n_estimators"] < 400
