from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from spark_jobs import progress
from spark_jobs.bundle import Manifest, load_manifest, verify_bundle, write
from spark_jobs.errors import GateError, JobError
from spark_jobs.registry import (
    Signature,
    Tracking,
    TrainingLog,
    end_run,
    log_training,
    mlflow_client,
    mlmodel,
    promote_challenger,
    resolve_version,
    start_run,
)
from spark_jobs.registry import log as log_module
from spark_jobs.registry.gate import Comparison
from spark_jobs.registry.lineage import Lineage
from spark_jobs.registry.versions import peek


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    here = os.getcwd()
    root = tmp_path_factory.mktemp("a root")
    os.chdir(root)
    yield Tracking("sqlite", str(root))
    os.chdir(here)
    assert sorted(path.name for path in root.iterdir()) == [".locks", "artifacts", "bundles", "mlflow.db"]


def training(root: Path, name: str, rmse: float = 1.5, champion: object = None) -> TrainingLog:
    draft = root / "draft"
    saved = {"pipeline/metadata/part-0": "{}", "plan.json": "{}"}
    write(
        draft,
        Manifest(metrics={"rmse": rmse}, data={"task": "regression", "test": "hash", "champion": champion}),
        saved,
    )
    return TrainingLog(
        name,
        draft,
        Signature({"a b": "double", "ö": "string"}, {"prediction": "double"}, [[1.0, "x"], [None, None]]),
        params={"model.kind": "linear", "columns": ["a"], 'q"': 1, **{f"p{i}": i for i in range(120)}},
        metrics={"rmse": rmse, "recall_>50K": 0.25},
        tags={"data.fingerprint": "abc"},
        artifacts={"plan.json": draft / "plan.json", "plots/residuals.png": draft / "plan.json"},
        report=lambda version: report_of(version, root),
    )


def report_of(version, folder: Path) -> Path:
    page = folder / "report.html"
    page.write_text(f"<html>version {version.version if version else 'none'}")
    return page


def logged(tracking: Tracking, name: str, tmp_path: Path, key: str = "k", rmse: float = 1.5, champion: object = None):
    return log_training(tracking, start_run(tracking, name, key), training(tmp_path, name, rmse, champion))


LINEAGE = Lineage("/data/x.csv", "f" * 40, {"train": 8, "test": 2}, "Predicts y.", "Predicts y, rmse 1.5.")


def test_a_run_and_a_model_say_of_what_data_whose_and_how_many_rows(tracking, tmp_path):
    one = replace(training(tmp_path, "told"), counts={"rows.read": 10, "seconds.fitting": 0.5}, lineage=LINEAGE)
    version = log_training(tracking, start_run(tracking, "told", "k"), one)
    client = mlflow_client(tracking)
    run = client.get_run(version.run_id)
    assert run.info.run_name == "told v1"
    assert run.data.tags["mlflow.user"] == getpass.getuser()
    assert run.data.metrics["rows.read"] == 10
    assert run.data.metrics["seconds.fitting"] == 0.5
    found = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    assert {context: json.loads(dataset.profile)["num_rows"] for context, dataset in found.items()} == LINEAGE.rows
    assert {dataset.digest for dataset in found.values()} == {"f" * 36}
    assert mlflow.data.get_source(found["train"]).uri == "/data/x.csv"
    assert client.get_registered_model("told").description == "Predicts y."
    assert client.get_model_version("told", "1").description == "Predicts y, rmse 1.5."


@pytest.mark.parametrize("part", ["log_datasets", "name_run"])
def test_a_part_of_the_run_that_fails_is_told_and_left_out(tracking, tmp_path, monkeypatch, part):
    def fail(*given):
        raise ValueError("too long")

    monkeypatch.setattr(log_module, part, fail)
    one = replace(training(tmp_path, part), lineage=LINEAGE)
    version = log_training(tracking, start_run(tracking, part, "k"), one)
    assert resolve_version(tracking, part, "challenger").version == version.version
    assert any("too long" in warning for warning in progress.warnings())


def test_the_default_store_of_the_process_is_not_changed_for_good(tracking, tmp_path, monkeypatch):
    mlflow.set_tracking_uri(None)
    logged(tracking, "default", tmp_path)
    assert not mlflow.is_tracking_uri_set()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///chosen.db")
    assert mlflow.get_registry_uri() == mlflow.get_tracking_uri() == "sqlite:///chosen.db"


def test_a_training_leaves_a_whole_run_and_a_challenger(tracking, tmp_path):
    version = logged(tracking, "whole.name", tmp_path)
    run = mlflow_client(tracking).get_run(version.run_id)
    assert (version.version, run.info.status) == (1, "FINISHED")
    assert run.data.params["model.kind"] == "linear"
    assert (run.data.params["q_x22_"], run.data.params["p119"], len(run.data.params)) == ("1", "119", 122)
    assert run.data.metrics == {"rmse": 1.5, "recall__x3e_50K": 0.25}
    tags = run.data.tags
    assert (tags["data.fingerprint"], tags["spark_jobs.run_key"]) == ("abc", "k")
    assert tags["spark_jobs.only_in_plan"] == "columns"
    assert tags["version.pyspark"] == "4.2.0"
    listed = {item.path for item in mlflow_client(tracking).list_artifacts(version.run_id)}
    assert listed == {"plan.json", "plots", "report.html"}
    assert resolve_version(tracking, "whole.name", "challenger") == replace(version, aliases=("challenger",))
    assert verify_bundle(version.bundle).metrics == {"rmse": 1.5}
    assert not (tmp_path / "draft").exists()


def test_what_mlflow_can_do_without_never_decides_whether_there_is_a_model(tracking, tmp_path, monkeypatch):
    def fail(*_args):
        raise OSError("No space left on device")

    for module, part in ((log_module, "_log_artifacts"), (mlmodel, "_mlflow_signature"), (mlmodel, "_example")):
        monkeypatch.setattr(module, part, fail)
    with progress.show(notes=False):
        version = logged(tracking, "bare", tmp_path)
        warned = progress.warnings()
    assert (version.version, mlflow_client(tracking).get_run(version.run_id).info.status) == (1, "FINISHED")
    assert verify_bundle(version.bundle).metrics == {"rmse": 1.5}
    assert [text.split(" is left out")[0] for text in warned] == [
        "The plan, the figures and other artifacts of the MLflow run",
        "The signature of the MLflow model",
        "The input example of the MLflow model",
    ]


def test_the_model_in_mlflow_has_signature_example_and_both_flavors(tracking, tmp_path):
    from mlflow.models import Model

    version = logged(tracking, "model", tmp_path)
    client = mlflow_client(tracking)
    found = client.get_model_version("model", "1")
    model = client.get_logged_model(found.source.removeprefix("models:/"))
    folder = Path(client.get_model_version_download_uri("model", "1").removeprefix("file://").replace("%20", " "))
    read = Model.load(str(folder))
    assert (model.status.value, model.source_run_id, {m.key: m.value for m in model.metrics}["rmse"]) == (
        "READY",
        version.run_id,
        1.5,
    )
    assert set(read.flavors) == {"spark", "python_function"}
    assert read.signature.inputs.input_names() == ["a b", "ö"]
    assert read.load_input_example(str(folder)).columns.tolist() == ["a b", "ö"]
    served = json.loads((folder / "serving_input_example.json").read_text())
    assert served["dataframe_split"]["data"] == [[1.0, "x"], [None, None]]
    assert "pyspark==4.2.0" in (folder / "requirements.txt").read_text()


def test_a_bundle_that_is_gone_is_fetched_from_the_registry(tracking, tmp_path):
    import shutil

    version = logged(tracking, "fetched", tmp_path)
    before = verify_bundle(version.bundle).sha256
    shutil.rmtree(version.bundle)
    assert verify_bundle(resolve_version(tracking, "fetched", 1).bundle).sha256 == before


def report_in_mlflow(client, version, folder: Path) -> str:
    return Path(client.download_artifacts(version.run_id, "report.html", str(folder))).read_text()


def test_the_report_names_the_version_in_the_bundle_and_in_the_run(tracking, tmp_path):
    logged(tracking, "reported", tmp_path, "1")
    second = logged(tracking, "reported", tmp_path, "2")
    assert (second.bundle / "report.html").read_text() == "<html>version 2"
    assert "report.html" in verify_bundle(second.bundle).sha256
    assert report_in_mlflow(mlflow_client(tracking), second, tmp_path) == "<html>version 2"


def test_no_alias_points_to_a_version_whose_report_and_bundle_are_not_complete(tracking, tmp_path, monkeypatch):
    logged(tracking, "alias", tmp_path, "1")
    reached = []

    def publish(draft, folder):
        reached.append(resolve_version(tracking, "alias", "challenger").version)
        raise KeyboardInterrupt

    monkeypatch.setattr(log_module, "publish", publish)
    with pytest.raises(KeyboardInterrupt):
        logged(tracking, "alias", tmp_path, "2")
    assert reached == [1]
    found = resolve_version(tracking, "alias", "challenger")
    assert (found.version, (found.bundle / "report.html").read_text()) == (1, "<html>version 1")


def test_a_model_that_is_not_registered_has_a_report_without_a_version(tracking, tmp_path):
    run = start_run(tracking, "refused", "k")
    refused = replace(training(tmp_path, "refused"), refused="The graph does not match.")
    with pytest.raises(JobError, match="does not match"):
        log_training(tracking, run, refused)
    place = mlflow_client(tracking).download_artifacts(run.run_id, "report.html", str(tmp_path))
    assert Path(place).read_text() == "<html>version none"


def test_a_training_without_a_report_is_registered(tracking, tmp_path):
    version = log_training(
        tracking,
        start_run(tracking, "unreported", "k"),
        replace(training(tmp_path, "unreported"), report=lambda _: None),
    )
    assert "report.html" not in verify_bundle(version.bundle).sha256


@pytest.mark.parametrize("at", ["_log_model", "publish", "set_alias"])
def test_a_killed_training_run_again_makes_one_version(tracking, tmp_path, monkeypatch, at):
    name = f"killed{at}"
    first = start_run(tracking, name, "k")
    monkeypatch.setattr(log_module, at, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        log_training(tracking, first, training(tmp_path, name))
    monkeypatch.undo()
    end_run(tracking, first.run_id, "KILLED")
    again = start_run(tracking, name, "k")
    version = log_training(tracking, again, training(tmp_path, name, 1.25))
    client = mlflow_client(tracking)
    assert (again.run_id, again.resumed, version.version) == (first.run_id, True, 1)
    assert len(client.search_model_versions(f"name = '{name}'")) == 1
    assert resolve_version(tracking, name, "challenger").version == 1
    logged_metric = client.get_run(version.run_id).data.metrics["rmse"]
    assert logged_metric == verify_bundle(version.bundle).metrics["rmse"] == (1.25 if at == "_log_model" else 1.5)
    assert (version.bundle / "report.html").read_text() == "<html>version 1"
    assert report_in_mlflow(client, version, tmp_path) == "<html>version 1"
    assert client.get_run(version.run_id).info.status == "FINISHED"
    assert start_run(tracking, name, "k").run_id != first.run_id


def test_the_run_of_a_process_that_is_gone_is_closed_as_killed_and_a_living_one_is_not(tracking):
    code = (
        "from spark_jobs.registry import *; import sys, os\n"
        f"print(start_run(Tracking('sqlite', {tracking.root!r}), 'left', 'k').run_id, flush=True); os._exit(9)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    left = ended.stdout.strip()
    client = mlflow_client(tracking)
    assert client.get_run(left).info.status == "RUNNING"
    mine = start_run(tracking, "left", "other").run_id
    start_run(tracking, "left", "third")
    assert client.get_run(left).info.status == "KILLED"
    assert client.get_run(mine).info.status == "RUNNING"
    assert start_run(tracking, "left", "k").run_id == left


def test_a_failed_run_says_why_and_is_not_taken_up(tracking):
    run = start_run(tracking, "failed", "k")
    end_run(tracking, run.run_id, "FAILED", "no rows")
    found = mlflow_client(tracking).get_run(run.run_id)
    assert (found.info.status, found.data.tags["spark_jobs.error"]) == ("FAILED", "no rows")
    assert start_run(tracking, "failed", "k").run_id != run.run_id


def test_promotion_takes_the_better_keeps_the_worse_and_can_be_forced(tracking, tmp_path):
    logged(tracking, "race", tmp_path, "1", rmse=2.0)
    first = promote_challenger(tracking, "race", None, {"rmse": 2.5}, evaluated_now)
    assert (first.version.version, first.previous, first.metric, first.forced) == (1, None, "rmse", False)
    logged(tracking, "race", tmp_path, "2", rmse=3.0)
    with pytest.raises(GateError, match="rmse of version 2 is 3; the champion, version 1, has 2"):
        promote_challenger(tracking, "race", None, {}, evaluated_now)
    assert resolve_version(tracking, "race").version == 1
    forced = promote_challenger(tracking, "race", None, {}, evaluated_now, force=True)
    assert (forced.version.version, forced.previous, forced.forced) == (2, 1, True)
    assert resolve_version(tracking, "race").version == 2
    assert not promote_challenger(tracking, "race", None, {}, evaluated_now).moved
    assert [peek(tracking, "race", which) for which in ("champion", "challenger", 1, 2, 3)] == [2, 2, 1, 2, None]
    assert peek(replace(tracking, root=str(tmp_path)), "race", "champion") is None


def evaluated_now(champion, challenger):
    return Comparison(champion.version, load_manifest(champion.bundle).metrics)


def test_what_the_training_found_of_the_champion_is_not_asked_again(tracking, tmp_path):
    logged(tracking, "stored", tmp_path, "1", rmse=2.0)
    promote_challenger(tracking, "stored", None, {}, evaluated_now)
    logged(tracking, "stored", tmp_path, "2", rmse=3.0, champion={"version": 1, "metrics": {"rmse": 3.5}, "error": ""})
    done = promote_challenger(tracking, "stored", None, {}, lambda *_: pytest.fail("asked again"))
    assert done.reasons == ("rmse is 3, version 1 has 3.5 on the same test rows.",)
    logged(tracking, "stored", tmp_path, "3", rmse=1.0, champion={"version": 1, "metrics": {"rmse": 0.5}, "error": ""})
    assert promote_challenger(tracking, "stored", None, {}, evaluated_now).previous == 2


def test_a_champion_without_a_bundle_needs_force(tracking, tmp_path):
    logged(tracking, "gone", tmp_path, "1")
    promote_challenger(tracking, "gone", None, {}, evaluated_now)
    logged(tracking, "gone", tmp_path, "2")
    error = JobError("its bundle is gone.")
    with pytest.raises(GateError, match="could not be evaluated: its bundle is gone") as refused:
        promote_challenger(tracking, "gone", None, {}, lambda *_: (_ for _ in ()).throw(error))
    assert "--force" in refused.value.advice
    assert promote_challenger(tracking, "gone", None, {}, lambda *_: (_ for _ in ()).throw(error), force=True).forced


def test_where_nothing_was_registered_nothing_is_made_by_looking(tmp_path):
    with pytest.raises(JobError, match="No model 'flights' is registered"):
        resolve_version(Tracking("sqlite", str(tmp_path)), "flights", 9)
    assert not list(tmp_path.iterdir())


def test_what_is_not_registered_is_refused_with_advice(tracking, tmp_path):
    logged(tracking, "flights", tmp_path)
    with pytest.raises(JobError, match="Did you mean 'flights'"):
        resolve_version(tracking, "fligths", "champion")
    with pytest.raises(JobError, match="no champion"):
        resolve_version(tracking, "flights", "champion")
    with pytest.raises(JobError, match=r"no version 7\.\nIt has 1"):
        resolve_version(tracking, "flights", 7)


def test_a_store_that_cannot_be_opened_is_one_line_of_cause(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(JobError, match="MLflow cannot be reached at sqlite:") as caught:
        mlflow_client(Tracking("sqlite", str(tmp_path)))
    assert "\n" not in caught.value.message
