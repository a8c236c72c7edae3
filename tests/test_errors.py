"""What a person sees of an error, in a terminal and in a notebook."""

from __future__ import annotations

import pytest

import spark_jobs
from spark_jobs.error_translation import translated_errors


def shown_in_a_notebook(error: BaseException) -> str:
    """What IPython prints of an error: by itself where it is installed, else by its protocol for own tracebacks."""
    try:
        from IPython.core.interactiveshell import InteractiveShell
    except ImportError:
        return "\n".join(error._render_traceback_())
    shell = InteractiveShell.instance()
    shell.user_ns["error"] = error
    from IPython.utils.capture import capture_output

    with capture_output() as printed:
        shell.run_cell("raise error")
    return printed.stdout.rstrip("\n")


@pytest.mark.parametrize("kind", ["SpecError", "DataError", "JobError", "GateError"])
def test_a_notebook_shows_the_name_the_message_and_the_advice_and_no_traceback(kind):
    error = getattr(spark_jobs, kind)("The column 'a' is missing.", "Did you mean 'b'?")
    assert shown_in_a_notebook(error) == f"{kind}: The column 'a' is missing.\nDid you mean 'b'?"


def test_an_error_without_advice_is_one_line_in_a_notebook():
    assert shown_in_a_notebook(spark_jobs.JobError("Spark is gone.")) == "JobError: Spark is gone."


def test_a_refused_spec_is_shown_in_a_notebook_as_its_message():
    with pytest.raises(spark_jobs.SpecError) as refused:
        spark_jobs.parse({"source": "a.csv", "target": "y", "modle": {}})
    told = shown_in_a_notebook(refused.value).splitlines()
    assert told == ["SpecError: `modle` is not a known key.", "Did you mean 'model'?"]


def load_a_folder_that_cannot_be_read(folder):
    (folder / "manifest.json").mkdir(exist_ok=True)
    with pytest.raises(spark_jobs.JobError) as failed:
        spark_jobs.load_model(folder)
    return failed.value


def test_a_foreign_error_inside_a_function_is_one_line_of_cause_and_one_of_advice_in_a_notebook(tmp_path):
    told = shown_in_a_notebook(load_a_folder_that_cannot_be_read(tmp_path)).splitlines()
    assert told[0] == f"JobError: Is a directory: {tmp_path / 'manifest.json'}"
    assert told[1].startswith("Check the machine with `spark-jobs doctor`")
    assert len(told) == 2


def test_the_traceback_of_the_foreign_error_is_there_on_request(tmp_path, monkeypatch):
    error = load_a_folder_that_cannot_be_read(tmp_path)
    assert isinstance(error.__cause__, IsADirectoryError)
    monkeypatch.setenv("SPARK_JOBS_DEBUG", "1")
    told = shown_in_a_notebook(error)
    assert told.count("Traceback (most recent call last):") == 2
    assert "IsADirectoryError" in told
    assert "in load_manifest" in told


def test_an_interruption_is_no_error_to_translate():
    def interrupted():
        with translated_errors():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
