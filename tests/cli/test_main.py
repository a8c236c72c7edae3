from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spark_jobs import progress
from spark_jobs.cli.parser import LATER_VERBS, VERBS
from spark_jobs.error_translation import cause, translate_error
from spark_jobs.errors import DataError, JobError
from spark_jobs.jobs.check import run
from spark_jobs.results.result import Result, failure
from spark_jobs.spec import load
from spark_jobs.spec_validation import verify_spec

ROOT = Path(__file__).parents[2]
SPEC = "source: data/flights.csv\ntarget: arr_delay\n"

# Runs the command line with a job of the test's own in the place of `plan`, and no session behind it.
DRIVER = """
import sys, types
job = types.ModuleType("spark_jobs.jobs.plan")
exec({body!r}, job.__dict__)
session = types.ModuleType("spark_jobs.runtime.session")
session.open_in_background = lambda env, *needs: None
session.is_given = lambda: False
session.open = lambda env, *needs: "a session"
session.close = lambda spark: print("closed", file=sys.stderr)
sys.modules["spark_jobs.jobs.plan"], sys.modules["spark_jobs.runtime.session"] = job, session
from spark_jobs import progress
from spark_jobs.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
JOB = "from spark_jobs.results.result import Result\nfrom spark_jobs.errors import *\ndef run(spec, spark, env): "


def write_spec(folder):
    (folder / "x.yml").write_text(SPEC)
    (folder / "data").mkdir()
    (folder / "data" / "flights.csv").write_text("arr_delay\n1\n")


@pytest.fixture
def call(tmp_path):
    """Runs `spark-jobs` with these words beside a spec `x.yml`."""
    write_spec(tmp_path)

    def called(*words, code=None):
        script = ["-m", "spark_jobs"] if code is None else ["-c", code]
        return subprocess.run(
            [sys.executable, *script, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    return called


@pytest.fixture
def call_job(call):
    """Runs `spark-jobs plan x.yml` with this body of a job."""
    return lambda body, *words: call("plan", "x.yml", *words, code=DRIVER.format(body=JOB + body))


def only_json(done):
    assert done.stdout.count("\n") == 1, done.stdout
    return json.loads(done.stdout)


def test_a_path_that_leads_nowhere_is_refused_before_spark_is_started(call_job, tmp_path):
    (tmp_path / "data" / "flights.csv").rename(tmp_path / "data" / "flight.csv")
    done = call_job("raise SystemExit('the job was begun')")
    assert done.returncode == 3
    assert "There is no file or folder 'data/flights.csv'." in done.stderr
    assert "Did you mean 'flight.csv'?" in done.stderr
    assert "closed" not in done.stderr


@pytest.mark.parametrize("verb", ["train", "plan", "profile", "run", "score"])
def test_a_source_that_is_a_dataframe_is_refused_before_spark_is_started(call, tmp_path, verb):
    (tmp_path / "x.yml").write_text("source: {kind: dataframe, table: spark_jobs_y}\ntarget: y\n")
    done = call(verb, "x.yml")
    assert done.returncode == 2
    cause, advice = done.stderr.splitlines()
    assert cause == "`source` is the DataFrame 'spark_jobs_y' of a program; the command line has no DataFrames."
    assert advice.startswith("hint: Name a file or a table in `source`")
    assert ("--input" in advice) == (verb == "score")


COMPLETE = """
source "$1"
COMP_WORDS=(spark-jobs "${@:2}"); COMP_CWORD=$(($# - 1)); _shtab_spark_jobs; printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [(["tr"], ["train"]), (["score", "--re"], ["--rescore", "--replay"]), (["check", "fli"], ["flights.yml"])],
)
def test_bash_completes_verbs_options_and_files(call, tmp_path, words, completed):
    (tmp_path / "completion").write_text(call("--print-completion", "bash").stdout)
    (tmp_path / "flights.yml").touch()
    command = ["bash", "-c", COMPLETE, "bash", "completion", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(completed)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help_with_an_example(call, verb):
    done = call(verb, "--help")
    assert done.returncode == 0
    assert f"Example: spark-jobs {verb}" in done.stdout
    assert done.stderr == ""


def test_help_names_every_verb_and_version_says_ours(call):
    help_text = call("--help").stdout
    assert all(f"    {verb}" in help_text for verb in VERBS)
    assert call("--version").stdout == "spark-jobs 0.1.0\n"


@pytest.mark.parametrize("verb", sorted(LATER_VERBS))
def test_a_verb_that_is_not_built_yet_is_refused_by_name(call, verb):
    done = call(verb, "x.yml", "--json")
    told = only_json(done)
    assert (done.returncode, told["status"], told["job"]) == (2, "invalid", verb)
    assert told["error"]["message"] == f"`spark-jobs {verb}` is not built yet."


@pytest.mark.parametrize(
    ("words", "cause", "advice"),
    [
        ([], "`spark-jobs` needs a verb.", "Use one of init, check"),
        (["chek", "x.yml"], "`spark-jobs chek` is not a verb.", "Did you mean 'check'?"),
        (["check"], "`spark-jobs check`: missing argument CONF.", "--help"),
        (["check", "x.yml", "--jsn"], "`spark-jobs check` has no option --jsn.", "Did you mean '--json'?"),
        (["check", "x.yml", "y.yml"], "`spark-jobs check`: unexpected argument 'y.yml'.", ""),
        (["init", "x.csv"], "`spark-jobs init`: missing argument --target.", ""),
        (["init"], "`spark-jobs init`: missing arguments DATA and --target.", ""),
        (["train", "x.yml", "--env"], "`spark-jobs train`: --env: a value is missing.", "--help"),
        (
            ["score", "x.yml", "--version", "0"],
            "--version: must be a version's number, 1 or more. Got '0' instead.",
            "",
        ),
        (["score", "x.yml", "--reasons", "3"], "`spark-jobs score --reasons` is not built yet.", ""),
        (["plan", "x.yml", "--size"], "`spark-jobs plan --size` is not built yet.", ""),
        (["check", "y.yml"], "`y.yml`: no such file.", "Did you mean 'x.yml'?"),
        (["check", "x.yml", "--env", "moon"], "There is no environment 'moon'", "'local'"),
        (
            ["check", "x.yml", "--set", "model.kind=forst"],
            "`--set model.kind` must be one of",
            "Did you mean 'forest'?",
        ),
        (["check", "x.yml", "--set", "model.params.max_itr=3"], "`--set model.params.max_itr`", "'max_iter'"),
        (
            ["check", "x.yml", "--set", "features.numeric=standrd"],
            "`--set features.numeric` must be one of",
            "'standard'",
        ),
        (
            ["train", "x.yml", "--set", "features.per_column.a.date=prts"],
            "`--set features.per_column.a.date`",
            "'parts'",
        ),
    ],
)
def test_a_wrong_command_line_gets_a_cause_an_advice_and_status_2(call, words, cause, advice):
    done = call(*words)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 2)
    assert cause in lines[0]
    assert advice in lines[1]
    told = only_json(call(*words, "--json"))
    assert (told["status"], told["error"]["kind"], told["error"]["message"]) == ("invalid", "SpecError", lines[0])


def test_check_tells_what_algorithms_and_steps_say_with_file_and_line(call, tmp_path):
    model = "model: {kind: forest, params: {max_dpth: 3, num_trees: -1}}\n"
    (tmp_path / "x.yml").write_text(SPEC + model + "features: {categorical: hot}\n")
    lines = call("check", "x.yml").stderr.splitlines()
    places = ["3:32: model.params.max_dpth", "3:45: model.params.num_trees", "4:12: features.categorical"]
    assert [line.split("`")[1] for line in lines[:-1]] == [f"x.yml:{place}" for place in places]


@pytest.mark.parametrize(
    ("kind", "task", "alternative"),
    [("svm", "regression", "linear"), ("naive_bayes", "regression", "linear")],
)
def test_an_algorithm_that_cannot_do_the_task_is_refused_with_what_can(call, kind, task, alternative):
    done = call("check", "x.yml", "--set", f"model.kind={kind}", "--set", f"task={task}")
    assert done.returncode == 2
    assert f"cannot do `task: {task}`" in done.stderr
    assert alternative in done.stderr.splitlines()[1]


def test_check_takes_less_than_a_second(call):
    spent = []
    for _ in range(4):
        started = time.monotonic()
        assert call("check", "x.yml").returncode == 0
        spent.append(time.monotonic() - started)
    assert min(spent) < 1


@pytest.mark.parametrize(
    "conf", [*ROOT.glob("conf/*.yml"), *ROOT.glob("benchmarks/conf/*.yml")], ids=lambda conf: conf.stem
)
def test_every_use_case_of_ours_passes_the_check(conf):
    spec, environment = load(conf)
    verify_spec(spec)
    assert run(spec, environment).status == "done"


def test_schema_prints_a_json_schema_and_json_prints_one_object(call):
    assert json.loads(call("schema").stdout)["required"] == ["source", "target"]
    told = only_json(call("schema", "--json"))
    assert (told["status"], told["schema"]["required"]) == ("done", ["source", "target"])


def test_flags_may_stand_before_the_verb(call):
    assert only_json(call("--json", "check", "x.yml"))["status"] == "done"


def test_a_file_run_as_spark_submit_runs_it_finds_its_own_package(tmp_path):
    (tmp_path / "x.yml").write_text(SPEC)
    script = ROOT / "spark_jobs" / "__main__.py"
    command = [sys.executable, str(script), "check", "x.yml", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert only_json(done)["status"] == "done"


def test_a_job_gets_spec_session_and_environment_and_its_result_is_printed(call_job):
    body = "return Result('plan', summary=(f'{spec.name} {spark} {env.name}', 'two'))"
    done = call_job(body)
    assert (done.returncode, done.stdout) == (0, "flights a session local\ntwo\n")
    assert "closed" in done.stderr


def test_standard_output_holds_the_result_alone_whoever_else_writes_there(call_job):
    noise = "import os, sys; print('noise'); os.write(1, b'noise'); os.system('echo noise'); "
    done = call_job(
        noise + "return Result('plan', metrics={'rmse': 1.5, 'r2': float('nan')}, rows={'read': 3})", "--json"
    )
    told = only_json(done)
    assert (told["metrics"], told["rows"]) == ({"rmse": 1.5}, {"read": 3})
    assert {"job", "status", "metrics", "rows", "seconds"} == set(told)
    assert done.stderr.count("noise") == 3


@pytest.mark.parametrize(
    ("raised", "status", "code", "kind"),
    [
        ("DataError('No rows.', 'Look.')", "refused", 3, "DataError"),
        ("GateError('Worse.', 'Look.')", "rejected", 4, "GateError"),
        ("SpecError('Wrong.', 'Look.')", "invalid", 2, "SpecError"),
        ("JobError('Broke.', 'Look.')", "failed", 1, "JobError"),
        ("ValueError('first\\nsecond')", "failed", 1, "JobError"),
        ("SystemExit(7)", "failed", 1, "JobError"),
        ("RecursionError()", "failed", 1, "JobError"),
    ],
)
def test_a_failure_has_its_status_one_line_of_cause_and_one_of_advice(call_job, raised, status, code, kind):
    done = call_job(f"raise {raised}", "--json")
    told = only_json(done)
    assert (done.returncode, told["status"], told["error"]["kind"]) == (code, status, kind)
    assert "\n" not in told["error"]["message"]
    assert told["error"]["message"]
    assert told["error"]["advice"]
    assert done.stderr.splitlines()[-2:] == [told["error"]["message"], f"hint: {told['error']['advice']}"]
    assert "Traceback" not in done.stderr


def test_a_traceback_is_shown_with_debug_only(call_job):
    assert "Traceback" not in call_job("1 / 0").stderr
    shown = call_job("1 / 0", "--debug").stderr
    assert "Traceback" in shown
    assert "ZeroDivisionError" in shown


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGINT, 130, "Stopped by Ctrl-C."), (signal.SIGTERM, 143, "Stopped by SIGTERM.")],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupted_job_ends_at_once_with_one_line(tmp_path, number, status, words, as_json):
    write_spec(tmp_path)
    body = (
        "\n    import logging, sys, time\n    print('up', file=sys.stderr, flush=True)\n"
        "    try: time.sleep(60)\n    except KeyboardInterrupt: logging.exception('as py4j does'); raise"
    )
    command = [sys.executable, "-c", DRIVER.format(body=JOB + body), "plan", "x.yml", *["--json"] * as_json]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr.readline() == "up\n"
        started = time.monotonic()
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (status, f"closed\n{words}\n")
    assert time.monotonic() - started < 5
    assert json.loads(out)["error"]["message"] == words if as_json else out == ""


SWALLOWING = """
import os, time
try:
    os.kill(os.getpid(), {number})
    time.sleep(5)
except BaseException:
    pass
"""


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGINT, 130, "Stopped by Ctrl-C."), (signal.SIGTERM, 143, "Stopped by SIGTERM.")],
)
def test_an_interrupt_that_an_import_swallows_stops_the_job_before_it_starts(call, tmp_path, number, status, words):
    (tmp_path / "swallowing.py").write_text(SWALLOWING.format(number=int(number)))
    code = DRIVER.format(body=JOB + "return Result('plan', summary=('ran',))").replace(
        "open_in_background = lambda env, *needs: None",
        "open_in_background = lambda env, *needs: __import__('swallowing')",
    )
    done = call("plan", "x.yml", code=code)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"{words}\n")


def test_a_reader_that_goes_away_is_no_crash(call_job, tmp_path):
    (tmp_path / "x.yml").write_text(SPEC)
    command = f"{sys.executable} -m spark_jobs schema | true"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[UNRESOLVED_COLUMN] A column `x` cannot be resolved.\n'Project ['x]\n+- Relation",
            "[UNRESOLVED_COLUMN] A column `x` cannot be resolved.",
        ),
        (
            "An error occurred while calling o51.fit.\n: org.apache.spark.SparkException: Job aborted due to x\n"
            "\tat org.apache.Foo(Foo.scala:1)\n"
            "Caused by: java.lang.IllegalArgumentException: requirement failed: no rows\n\t... 3 more",
            "requirement failed: no rows",
        ),
        ("org.apache.spark.sql.AnalysisException", "AnalysisException"),
        ("", ""),
    ],
)
def test_the_cause_of_a_spark_failure_is_its_most_telling_line(text, line):
    assert cause(text) == line


def test_our_own_errors_keep_their_words_and_others_say_their_kind():
    ours = DataError("No rows.", "Look.")
    assert translate_error(ours) is ours
    with progress.show(False):  # no phase has failed
        told = translate_error(KeyError("x"))
    assert isinstance(told, JobError)
    assert told.message == "Unexpected error (KeyError): 'x'"
    assert translate_error(OSError(28, "No space left on device", "/x")).message == "No space left on device: /x"
    assert "memory" in translate_error(RuntimeError("java.lang.OutOfMemoryError: Java heap space")).advice
    assert translate_error(ConnectionRefusedError(111, "Connection refused")).message.startswith(
        "Spark's Java process is gone"
    )


def test_a_result_leaves_out_what_does_not_apply():
    assert Result("check").to_json() == {"job": "check", "status": "done"}
    assert Result("run", left_out={"x": "a leak"}, warnings=("Look.",)).to_json() == {
        "job": "run",
        "status": "done",
        "left_out": {"x": "a leak"},
        "warnings": ["Look."],
    }
    assert failure(None, DataError("a", "b")).to_json() == {
        "status": "refused",
        "error": {"kind": "DataError", "message": "a", "advice": "b"},
    }


def test_a_result_says_numbers_as_json_can():
    numpy = pytest.importorskip("numpy")
    result = Result(
        "train", metrics={"rmse": numpy.float64(2), "r2": float("-inf")}, rows={"read": numpy.int64(3)}, cells={}
    )
    assert json.loads(json.dumps(result.to_json(), allow_nan=False)) == {
        "job": "train",
        "status": "done",
        "metrics": {"rmse": 2.0},
        "rows": {"read": 3},
    }
