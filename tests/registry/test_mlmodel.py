"""The model in MLflow: loaded, served and used as a function in Spark by MLflow's own means, with the same numbers."""

from __future__ import annotations

import json
import os
import pickletools
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

import spark_jobs
from spark_jobs.bundle import GRAPH, Input, Manifest, write
from spark_jobs.registry import Signature, Tracking, TrainingLog, log_training, mlflow_client, start_run
from spark_jobs.registry.mlmodel import write_mlflow_model
from spark_jobs.sources.null_values import USUAL
from spark_jobs.spec import Environment

ALONE = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("spark_jobs", "pyspark", "onnx", "spox"):
            raise ModuleNotFoundError(f"{name} is not here", name=name)
sys.meta_path.insert(0, Blocker())
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
print(model.predict(pd.DataFrame({"a.b": [1, 2], "kind": ["red", None]})).to_json(orient="records"))
"""


def graph() -> bytes:
    """P(yes) = `a.b` / 4, and a quarter more for the kind 'red'; 'yes' above a half."""
    from spark_jobs.ops.arithmetic import add, as_column, hstack, is_finite, less, multiply, subtract
    from spark_jobs.ops.dialect import build, constant, number_input, op, text_input
    from spark_jobs.ops.lookup import named, text_position

    inputs = {"a.b": number_input(), "kind": text_input()}
    worth = op("gather", constant([0.25, 0.0]), text_position(inputs["kind"], {"red": 0}, 1))
    share = add(multiply(inputs["a.b"], 0.25), worth)
    shares = hstack([as_column(subtract(1.0, share)), as_column(share)])
    prediction = named(op("cast", less(0.5, share), to=np.int64), ["no", "yes"])
    outputs = {"prediction": prediction, "probabilities": shares, "valid": is_finite(share)}
    return bytes(build(inputs, outputs).SerializeToString())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inputs = (Input("a.b", "double", "number"), Input("kind", "string", "text"))
    manifest = Manifest(inputs, ("no", "yes"), data={"task": "binary"})
    files = {GRAPH: graph(), "plan.json": "{}", "pipeline/metadata/part-0": "{}"}
    write(tmp_path / "bundle", manifest, files)
    outputs = {"prediction": "string", "probability": "double", "probabilities": "by label", "valid": "boolean"}
    signature = Signature({"a.b": "double", "kind": "string"}, outputs, [[0.5, None]])
    write_mlflow_model(tmp_path / "bundle", tmp_path / "model", signature, "run", "m-1")
    return tmp_path / "model"


def test_the_model_predicts_where_neither_this_package_nor_spark_is(folder, tmp_path):
    env = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    asked = [sys.executable, "-c", ALONE, str(folder)]
    done = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        {"prediction": "no", "probability": 0.5, "probabilities": {"no": 0.5, "yes": 0.5}, "valid": True},
        {"prediction": "no", "probability": 0.5, "probabilities": {"no": 0.5, "yes": 0.5}, "valid": True},
    ]


def test_the_models_folder_says_what_it_needs_and_holds_no_pickle(folder):
    pins = (folder / "requirements.txt").read_text().splitlines()
    assert [pin.partition("==")[0] for pin in pins] == ["mlflow", "onnxruntime", "pandas", "numpy"]
    assert all(pin.partition("==")[2] for pin in pins)
    assert not [path for path in folder.rglob("*") if path.is_file() and is_pickle(path.read_bytes())]


def is_pickle(content: bytes) -> bool:
    try:
        return bool(list(pickletools.genops(content)))
    except ValueError:
        return False


def test_a_frame_may_hold_whole_numbers_numbers_as_text_and_what_is_missing(folder):
    import mlflow

    model = mlflow.pyfunc.load_model(str(folder))
    kinds = ["red", None, "blue"]
    for cells in ([1, 2, 3], [1.0, 2.0, 3.0], ["1", " 2.0 ", "3e0"], pd.array([1, 2, 3], dtype="Int64")):
        said = model.predict(pd.DataFrame({"kind": kinds, "a.b": cells, "more": 1}))
        assert said["probability"].tolist() == [0.5, 0.5, 0.75], cells
    said = model.predict(pd.DataFrame({"kind": kinds, "a.b": [1, None, "some"]}))
    assert said["valid"].tolist() == [True, False, False]
    assert said["prediction"].tolist()[0] == "no"


def test_a_frame_without_a_column_or_with_text_that_came_as_numbers_is_refused_by_name(folder):
    import mlflow

    model = mlflow.pyfunc.load_model(str(folder))
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"missing inputs \['a\.b'\]"):
        model.predict(pd.DataFrame({"kind": ["red"]}))
    with pytest.raises(Exception, match="The column 'kind' must be text, but a value is int"):
        model.predict(pd.DataFrame({"kind": [1], "a.b": [1]}))


@pytest.mark.parametrize("name", [GRAPH, "manifest.json"])
def test_a_flipped_byte_in_what_the_model_reads_is_refused_by_name(folder, name):
    import mlflow

    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()  # it is a link to the bundle's own
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(Exception, match=name):
        mlflow.pyfunc.load_model(str(folder))


def test_a_model_without_a_graph_is_asked_through_spark(spark, tmp_path, monkeypatch):
    # pyspark ends a process that looks like doctests, as a worker of pytest-xdist does.
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    import mlflow
    from pyspark.ml import PipelineModel
    from pyspark.ml.feature import SQLTransformer

    cast = "SELECT struct(*) AS _row, try_cast(`a b` AS DOUBLE) * 2 + length(`c.d`) AS prediction FROM __THIS__"
    PipelineModel([SQLTransformer(statement=cast)]).write().save(str(tmp_path / "saved"))
    write(tmp_path / "draft", Manifest(), {"plan.json": "{}", "pipeline": tmp_path / "saved"})
    tracking = Tracking("sqlite", str(tmp_path))
    signature = Signature({"a b": "double", "c.d": "string"}, {"prediction": "double"}, [[1.0, "x"]])
    version = log_training(tracking, start_run(tracking, "e", "k"), TrainingLog("m", tmp_path / "draft", signature))

    place = mlflow_client(tracking).get_model_version_download_uri("m", str(version.version))
    rows = pd.DataFrame({"a b": [1.5, None], "c.d": ["xyz", "x"]})
    predicted = mlflow.pyfunc.load_model(place).predict(rows)
    assert predicted[0] == 1.5 * 2 + 3
    assert predicted[1] is None
    model = mlflow.spark.load_model(place, dfs_tmpdir=str(tmp_path / "dfs"))
    assert [row["prediction"] for row in model.transform(spark.createDataFrame(rows[:1])).collect()] == [6.0]


NAMES = ["a.b", "c`d", "e f", "when", "zip", "flag"]
MARKS = [*USUAL, " NA ", "  ? "]
CELLS = [*MARKS, " red ", "violet", " never seen "]
ZONE = "Europe/Berlin"


def line(chance: random.Random, number: int) -> list[object]:
    """A row that breaks things: odd names, missing cells, codes with a leading zero, wall time; and its label."""
    pull, kind = round(chance.uniform(-5, 5), 2), chance.choice(("red", "it's", 'bl"ue'))
    hour, zip_, flag = chance.randint(0, 23), chance.choice(("01067", "10115")), chance.choice(("true", "false"))
    day = f"{chance.randint(2019, 2022)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    when = f"{day} {hour:02d}:{chance.randint(0, 59):02d}"
    event = pull + 2 * (kind == "red") + (hour > 12) + chance.gauss(0, 0.5) > 0.5
    cells = [pull, kind, chance.randint(0, 9), when, zip_, flag]
    cells = [None if chance.random() < 0.05 else cell for cell in cells]
    return [f"k{number}", *cells, "yes" if event else "no"]


@dataclass(frozen=True)
class Asked:
    """A trained model, its folder in MLflow, a file of rows it has not seen, and what `score` said of them by key."""

    trained: spark_jobs.Result
    folder: Path
    file: Path
    told: pd.DataFrame


@pytest.fixture(scope="module")
def asked(session, tmp_path_factory) -> Asked:
    place, chance = tmp_path_factory.mktemp("asked"), random.Random(3)
    header = ["id", *NAMES, "out come"]
    seen = pd.DataFrame([line(chance, n) for n in range(200)], columns=header, dtype=object)
    seen.to_csv(place / "seen.csv", index=False)
    new = pd.DataFrame([line(chance, n) for n in range(80)], columns=header, dtype=object)
    new.loc[:3, "c`d"], new.loc[4:6, "when"], new.loc[7:8, "e f"] = "violet", "2021-10-31 02:30", "many"
    pd.concat([new, marked(chance, header)]).to_csv(place / "new.csv", index=False)
    keys = {"source": str(place / "seen.csv"), "target": "out come", "positive": "yes", "key": ["id"], "timezone": ZONE}
    spec, env = spark_jobs.Spec(**keys, name="odd"), Environment(root=str(place / "root"))
    trained = spark_jobs.train(spec, spark=session, env=env)
    done = spark_jobs.score(spec, spark=session, env=env, input=str(place / "new.csv"), version=1)
    told = session.read.format("delta").load(done.tables["odd_predictions"]).toPandas().set_index("id")
    folder = mlflow_client(Tracking("sqlite", env.root)).get_model_version_download_uri("odd", "1")
    return Asked(trained, Path(unquote(folder.removeprefix("file://"))), place / "new.csv", told)


def marked(chance: random.Random, header: list[str]) -> pd.DataFrame:
    """Rows with a category, and then rows full of, each mark of a missing value, padding, and what was never seen."""
    rows = pd.DataFrame([line(chance, n) for n in range(80, 80 + 2 * len(CELLS))], columns=header, dtype=object)
    rows["c`d"] = CELLS * 2
    for name in NAMES:
        rows.loc[len(CELLS) :, name] = CELLS
    return rows


@pytest.fixture
def scored_rows(asked):
    """The model's folder, the 80 rows as pandas reads them, and what `score` said of them, both by their key."""
    rows = pd.read_csv(asked.file, dtype={"zip": str}, nrows=80).set_index("id", drop=False)
    return asked.folder, rows, asked.told.loc[rows.index]


def test_marks_padding_and_unseen_categories_count_alike_however_the_model_is_asked(spark, asked):
    import mlflow
    from pyspark.sql import functions as F

    text = pd.read_csv(asked.file, dtype=str, keep_default_na=False)[80:].set_index("id", drop=False)
    frame = spark.createDataFrame(text)
    padded = frame.withColumnRenamed("zip", " zip ")
    columns = [F.col("`" + name.replace("`", "``") + "`").alias(name) for name in NAMES]
    udf = mlflow.pyfunc.spark_udf(spark, str(asked.folder), env_manager="local")(F.struct(*columns))["probability"]
    told = asked.told["probability"].loc[text.index]
    nothing = told.tolist()[len(CELLS) : len(CELLS) + len(MARKS)]
    assert nothing == [nothing[0]] * len(MARKS)

    loaded = mlflow.pyfunc.load_model(str(asked.folder)).predict(text)["probability"]
    assert loaded.tolist() == told.tolist()
    predicted = spark_jobs.load_model(asked.trained, spark).predict(padded)
    both = predicted.select("id", "probability"), frame.select("id", udf.alias("probability"))
    for one in both:
        said = one.toPandas().set_index("id")["probability"].loc[text.index]
        np.testing.assert_allclose(said, told, rtol=1e-9)


def check_same(said: pd.DataFrame, told: pd.DataFrame) -> None:
    """To the last bit."""
    assert len(said) == len(told) == 80
    assert said["prediction"].tolist() == told["prediction"].tolist()
    assert said["probability"].tolist() == told["probability"].tolist()
    assert [dict(one) for one in said["probabilities"]] == [dict(one) for one in told["probabilities"]]
    assert all(said["valid"])


def test_a_loaded_model_says_of_a_pandas_frame_what_score_wrote(spark, scored_rows):
    import mlflow

    folder, rows, told = scored_rows
    assert set(told["prediction"]) == {"no", "yes"}
    assert told["probability"].nunique() > 70
    check_same(mlflow.pyfunc.load_model(str(folder)).predict(rows), told)
    moments = rows.assign(when=pd.to_datetime(rows["when"]), flag=rows["flag"].astype("boolean"))
    check_same(mlflow.pyfunc.load_model(str(folder)).predict(moments), told)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_a_function_of_spark_says_what_score_wrote_whatever_the_sessions_zone(spark, scored_rows, zone):
    import mlflow
    from pyspark.sql import functions as F

    folder, rows, told = scored_rows
    spark.conf.set("spark.sql.session.timeZone", zone)
    ask = mlflow.pyfunc.spark_udf(spark, str(folder), env_manager="local")
    text = spark.createDataFrame(rows.map(lambda cell: None if pd.isna(cell) else str(cell)).astype(object))
    col = {name: F.col("`" + name.replace("`", "``") + "`").alias(name) for name in ["id", *NAMES]}
    moment = F.expr(f"try_cast(concat(when, ':00 {ZONE}') AS TIMESTAMP)").alias("when")
    whole = F.expr("try_cast(`e f` AS BIGINT)").alias("e f")
    kinds = {"a.b": col["a.b"].cast("double").alias("a.b"), "when": moment, "flag": col["flag"].cast("boolean")}
    kinds["e f"] = whole
    typed = text.select(*(col | kinds).values())
    for frame in (text, typed):
        said = frame.select("id", ask(F.struct(*[col[name] for name in NAMES])).alias("said")).select("id", "said.*")
        said = said.toPandas().set_index("id")
        check_same(said.loc[rows.index], told)


def test_the_input_example_is_a_row_of_the_source_as_it_was_read(asked):
    import mlflow

    model = mlflow.models.Model.load(str(asked.folder))
    example = model.load_input_example(str(asked.folder)).iloc[0].to_dict()
    seen = pd.read_csv(asked.file.with_name("seen.csv"), dtype=str, keep_default_na=False)[:20]
    fullest = next(row for row in seen[NAMES].to_numpy().tolist() if "" not in row)
    assert example == {**dict(zip(NAMES, fullest, strict=True)), "a.b": float(fullest[0]), "e f": int(fullest[2])}


def test_the_run_says_what_was_learned_from_which_rows_in_which_time(asked):
    client = mlflow_client(Tracking("sqlite", str(asked.file.with_name("root"))))
    run = client.get_run(asked.trained.run_id)
    assert run.info.run_name == "odd v1"
    assert (run.data.tags["target"], run.data.tags["task"]) == ("out come", "binary")
    assert {fate: run.data.metrics[f"rows.{fate}"] for fate in ("read", "trained", "tested")} == {
        fate: asked.trained.rows[fate] for fate in ("read", "trained", "tested")
    }
    assert run.data.metrics["seconds.fitting"] > 0
    parts = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    assert set(parts) == {"train", "test"}
    assert parts["train"].digest == run.data.tags["spark_jobs.fingerprint"]
    assert client.get_registered_model("odd").description.startswith("Predicts `out come` (binary) from 6 columns of ")
    assert "test rows: " in client.get_model_version("odd", "1").description


@pytest.fixture
def server(scored_rows, tmp_path) -> Iterator[str]:
    """The address at which `mlflow models serve` answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = ["models", "serve", "-m", str(scored_rows[0]), "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    log = (tmp_path / "log").open("w+")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "mlflow", *asked]
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=env, start_new_session=True)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while not is_up(address):
            log.seek(0)
            assert process.poll() is None, log.read()
            assert time.monotonic() < until, log.read()
            time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # it has started processes of its own
        process.wait(20)


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def post(address: str, body: object) -> dict:
    kind = "text/csv" if isinstance(body, bytes) else "application/json"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/invocations", content, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_mlflows_server_says_what_score_wrote(spark, asked, scored_rows, server):
    _, rows, told = scored_rows
    lines = post(server, asked.file.read_bytes())["predictions"]
    keys = pd.read_csv(asked.file, dtype=str)["id"]
    assert [one["probability"] for one in lines] == asked.told["probability"].loc[keys].tolist()
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(server, b"a,b\n1,2,3,4\n")
    plain = rows[NAMES].astype(object).where(rows[NAMES].notna(), None)
    split = {"columns": NAMES, "data": plain.to_numpy().tolist()}
    said = pd.DataFrame(post(server, {"dataframe_split": split})["predictions"])
    check_same(said, told)
    records = [dict(zip(NAMES, row, strict=True)) for row in split["data"]]
    check_same(pd.DataFrame(post(server, {"dataframe_records": records})["predictions"]), told)
