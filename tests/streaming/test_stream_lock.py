"""One process at a time runs a stream."""

from __future__ import annotations

import subprocess
import sys

import pytest

from spark_jobs.errors import JobError
from spark_jobs.streaming.stream_lock import exclusive_stream

OTHER = """
import sys
from spark_jobs.streaming.stream_lock import exclusive_stream
with exclusive_stream(sys.argv[1], sys.argv[2]):
    print("streaming", flush=True)
    sys.stdin.read()
"""


def test_a_second_stream_of_the_name_is_refused_until_the_first_ends(tmp_path):
    command = [sys.executable, "-c", OTHER, str(tmp_path), "houses"]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "streaming\n"
    with pytest.raises(JobError, match="Another stream of 'houses' is running") as refused:
        exclusive_stream(str(tmp_path), "houses").__enter__()
    assert "checkpoint" in refused.value.advice
    with exclusive_stream(str(tmp_path), "flights"):
        pass
    first.communicate("")
    with exclusive_stream(str(tmp_path), "houses"):
        pass


def test_an_error_of_the_stream_is_not_taken_for_that_of_the_lock(tmp_path):
    with pytest.raises(JobError, match="Another run has been writing"), exclusive_stream(str(tmp_path), "houses"):
        raise JobError("Another run has been writing table-x.", "")
