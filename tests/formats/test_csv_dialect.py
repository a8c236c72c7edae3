"""What the beginning of a text allows."""

from __future__ import annotations

import pytest

from spark_jobs.formats.csv_dialect import candidate_dialects, encoding_of, header_of


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"\xef\xbb\xbfa,b", "UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16LE"),
        ("a,b\n1,2\n".encode("utf-16-be"), "UTF-16BE"),
        ("\ufeffa,b\n".encode("utf-16-le"), "UTF-16LE"),
        (b"a,b\n\xe4,1\n", "UTF-8"),
    ],
)
def test_marks_and_zero_bytes_tell_the_encoding(head, encoding):
    assert encoding_of(head) == encoding


def test_every_separator_of_the_header_is_a_candidate():
    assert {form.sep for form in candidate_dialects("a;b,c;d\n1;2,3;4\n", {})} == {";", ","}


def test_a_header_of_one_name_is_one_column():
    assert {form.fields for form in candidate_dialects("name\nx\n", {})} == {1}


def test_a_header_may_go_over_lines():
    form = candidate_dialects('"a\nb",c\n1,2\n', {})[0]
    assert (form.first, form.first_lines) == (("a\nb", "c"), 2)


def test_options_fix_the_form():
    forms = candidate_dialects("a|b;c\n", {"sep": ";", "escape": "\\"})
    assert [(form.sep, form.escape, form.first) for form in forms] == [(";", "\\", ("a|b", "c"))]


def test_the_header_of_another_file_is_read_alike():
    form = candidate_dialects("a,b\n", {})[0]
    assert header_of('\n"b" , a\n', form) == ("b ", "a")
