"""One rule for names of models, tables and folders, and for columns as the spec names them."""

from __future__ import annotations

import re

import pytest

from spark_jobs.checks import parse_checks
from spark_jobs.errors import SpecError
from spark_jobs.jobs import check
from spark_jobs.spec import Environment, parse
from spark_jobs.spec.names import safe_name

SPEC = {"source": "x.csv", "target": "y"}
SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Verkäufe.csv", "Verkaufe"),
        ("Straße.csv", "Strasse"),
        ("sales [2024].csv", "sales_2024"),
        ("a:b.csv", "a_b"),
        ("sales/.csv", "sales"),
        (".csv", "data"),
        ("", "data"),
        ("2024-01.csv.gz", "2024-01"),
        ("../../open.payments.csv", "open_payments"),
        ("-rf.csv", "rf"),
        ("data/*.csv", "data"),
        ("day one.csv", "day_one"),
        ("a'b\"c`d$e.csv", "a_b_c_d_e"),
        ("flights.csv", "flights"),
    ],
)
def test_a_name_made_from_a_file_is_safe(path, name):
    assert safe_name(path) == name
    assert SAFE.fullmatch(parse({**SPEC, "source": path or "x/"}).name)


@pytest.mark.parametrize(
    "path", ["x" * 300 + ".csv", "売上.csv", "данные.csv", "ä" * 120 + ".csv", "😀.csv", "a²/٣.csv"]
)
def test_a_name_that_loses_letters_stays_another_than_its_neighbours(path):
    other = path.replace(".csv", "2.csv")
    assert safe_name(path) != safe_name(other)
    assert SAFE.fullmatch(safe_name(path))
    assert SAFE.fullmatch(safe_name(other))


@pytest.mark.parametrize(
    "keys",
    [
        *({"name": name} for name in ("Verkäufe", "a b", "a/b", "a.b", "-a", "", "x" * 101, "a:b", "a\n", "..", "٣")),
        *(
            {"predictions": {"table": table}}
            for table in ("Verkäufe", "a.b", "`a`", "x" * 101, "LEDGER", "x_quarantine")
        ),
        *({"track": {"register": name}} for name in ("Verkäufe", "a/b", "a:b", "x" * 101)),
        *({"track": {"experiment": name}} for name in ("", " ", "a\nb", "x" * 257)),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_anything_starts(keys):
    with pytest.raises(SpecError) as refused:
        parse({**SPEC, **keys})
    assert refused.value.exit_status == 2


def test_a_refused_name_comes_with_one_that_would_do():
    with pytest.raises(SpecError, match="such as 'Verkaufe_2024'"):
        parse({**SPEC, "name": "Verkäufe 2024"})


def test_an_experiment_may_be_a_path_of_a_workspace():
    assert parse({**SPEC, "track": {"experiment": " /Shared/größe "}}).track.experiment == "/Shared/größe"


def test_a_made_name_is_shown_and_a_plain_one_is_not():
    shown = check.run(parse({**SPEC, "source": "in/Verkäufe.csv"}), Environment())
    assert "  name      'Verkaufe', made from 'in/Verkäufe.csv'" in shown.summary
    plain = check.run(parse({**SPEC, "source": "in/sales.csv"}), Environment())
    assert not any("made from" in line for line in plain.summary)


def test_blanks_around_a_column_s_name_mean_nothing_in_any_key():
    spec = parse(
        {
            "source": {"path": "x.csv", "names": [" y ", "a\t", "b"]},
            "target": "y ",
            "weight": " w",
            "key": ["a "],
            "columns": {"ignore": [" b "], "order": {" c ": ["low", "high"]}},
            "split": {"kind": "time", "column": "\u00a0t"},
            "clean": {"duplicates": {"by": ["a "], "order": " t"}},
            "features": {"per_column": {" d ": {"numeric": "none"}}},
            "evaluate": {"slices": [" s"]},
            "checks": [
                {"rule": "compare", "column": "d ", "is": "<", "other": " e"},
                {"rule": "unique", "columns": ["a ", " b"]},
            ],
            "predictions": {"keep": [" a"], "partition_by": ["a "]},
        }
    )
    assert spec.target == "y"
    assert spec.weight == "w"
    assert spec.key == spec.clean.duplicates.by == spec.predictions.keep == spec.predictions.partition_by == ("a",)
    assert (spec.columns.ignore, list(spec.columns.order)) == (("b",), ["c"])
    assert spec.split.column == spec.clean.duplicates.order == "t"
    assert list(spec.features.per_column) == ["d"]
    assert spec.evaluate.slices == ("s",)
    assert spec.source.names == ("y", "a", "b")
    assert [check.column_names for check in parse_checks(spec.checks)] == [("d", "e"), ("a", "b")]


def test_a_column_of_blanks_is_no_name():
    with pytest.raises(SpecError, match="target"):
        parse({**SPEC, "target": "  "})
