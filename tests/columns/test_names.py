"""Column names as they come."""

from __future__ import annotations

import pytest

from spark_jobs.columns.names import check_names, fill_names, quoted
from spark_jobs.errors import DataError


def test_a_backtick_in_a_name_is_doubled():
    assert quoted("a.b`c") == "`a.b``c`"


def test_header_cells_are_trimmed_and_empty_ones_named_by_position():
    assert fill_names([" a ", "", "b", "  "]) == ("a", "_c1", "b", "_c3")


def test_names_given_twice_also_by_case_are_refused_by_name():
    with pytest.raises(DataError, match="'a', 'A', 'b', 'b'") as refused:
        check_names(["a", "A", "c", "b", "b"])
    assert refused.value.exit_status == 3
    assert refused.value.advice


def test_a_reserved_name_is_refused_by_name():
    with pytest.raises(DataError, match="_row_id"):
        check_names(["a", "_Row_Id".lower()])


def test_good_names_come_back_as_they_are():
    assert check_names(["a b", "ä", "a.b"]) == ("a b", "ä", "a.b")
