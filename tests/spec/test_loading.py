from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.errors import SpecError
from spark_jobs.spec import Spec, dump, load, load_spec, parse
from spark_jobs.spec.yaml12 import read_yaml
from spark_jobs.spec_validation import option_mistakes

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "conf").glob("*.yml")), *sorted((ROOT / "benchmarks" / "conf").glob("*.yml"))]
TWO_LINES = "source: data/flights.csv\ntarget: arr_delay\n"


@pytest.fixture
def refusal(tmp_path, monkeypatch):
    """Loads a text, or bytes, that must be refused, and gives the error."""
    monkeypatch.chdir(tmp_path)

    def refused(content, *overrides):
        Path("x.yml").write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(SpecError) as error:
            load_spec("x.yml", overrides, option_mistakes)
        assert error.value.exit_status == 2
        return error.value

    return refused


def test_two_lines_are_a_complete_spec(tmp_path):
    (tmp_path / "x.yml").write_text(TWO_LINES)
    spec, environment = load(tmp_path / "x.yml")
    assert (spec.name, spec.source.path, spec.source.kind, spec.target) == (
        "flights",
        "data/flights.csv",
        "csv",
        "arr_delay",
    )
    assert (spec.split.test, spec.split.seed, spec.model.kind, spec.graph) == (0.2, 42, "linear", "required")
    assert (environment.name, environment.root) == ("local", "./spark-jobs-data")


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("a/day one.csv", "csv", "day_one"),
        ("a/b.TSV.gz", "csv", "b"),
        ("b.txt.bz2", "csv", "b"),
        ("b.jsonl", "json", "b"),
        ("s3a://bucket/b.parquet/", "parquet", "b"),
        ("data/flights", None, "flights"),
        ("data/2013/*.csv", "csv", "2013"),
        ("../..", None, "data"),
    ],
)
def test_kind_and_name_come_from_the_path_where_they_can(path, kind, name):
    spec = parse({"source": path, "target": "y"})
    assert (spec.source.kind, spec.name) == (kind, name)


@pytest.mark.parametrize("source", [{"table": "main.air.flights"}, {"kind": "table", "path": "main.air.flights"}])
def test_a_table_is_named_by_table_or_by_path(source):
    spec = parse({"source": source, "target": "y"})
    assert (spec.source.kind, spec.source.table, spec.source.path, spec.name) == (
        "table",
        "main.air.flights",
        None,
        "flights",
    )


def test_numbers_stand_for_their_digits_where_a_name_or_a_level_is_meant():
    text = TWO_LINES + "columns: {ignore: [2012], order: {2013: [1, 2, more]}}\nsource.x: 1\n"
    spec = parse(
        read_yaml(text.replace("source.x: 1\n", "split: {kind: column, column: 7, test_value: true}\n"), "x").data
    )
    assert spec.columns.ignore == ("2012",)
    assert spec.columns.order == {"2013": ("1", "2", "more")}
    assert (spec.split.column, spec.split.test_value) == ("7", "true")


@pytest.mark.parametrize("name", ["a.b", "`", 'q"uote', "ünï cødé 🙂", "a;drop", "x" * 300])
def test_column_names_may_hold_anything(name):
    spec = parse({"source": "x.csv", "target": name, "features": {"per_column": {name + "2": {"numeric": "none"}}}})
    assert spec.target == name
    assert parse(read_yaml(dump(spec), "x").data) == spec


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("target: y\n", "`x.yml: source` is missing.", "It must be text or a mapping."),
        (TWO_LINES + "modle: 3\n", "`x.yml:3:1: modle` is not a known key.", "Did you mean 'model'?"),
        (
            TWO_LINES + "split: {seed: 0.5}\n",
            "`x.yml:3:9: split.seed` must be a whole number ≥ 0 and < 9,223,372,036,854,775,808. Got 0.5 instead.",
            None,
        ),
        (TWO_LINES + f"split: {{seed: {2**64}}}\n", f"Got {2**64} instead.", None),
        (
            TWO_LINES + "split:\n  test: 1.5\n",
            "`x.yml:4:3: split.test` must be a number > 0 and < 1. Got 1.5 instead.",
            None,
        ),
        (TWO_LINES + "split: {test: .nan}\n", "must be a number > 0 and < 1. Got nan instead.", None),
        (
            TWO_LINES + "clean: {outliers: {factor: -1}}\n",
            "clean.outliers.factor` must be a number > 0. Got -1 instead.",
            None,
        ),
        (TWO_LINES + "clean: {outliers: {factor: .inf}}\n", "must be a number > 0. Got inf instead.", None),
        (TWO_LINES + "clean: {missing: {indicator: yes}}\n", "must be true or false. Got 'yes' instead.", None),
        (
            TWO_LINES + "clean: {duplicates: {by: al}}\n",
            "must be all, none or a list. Got 'al' instead.",
            "Did you mean 'all'?",
        ),
        (
            TWO_LINES + "clean: {duplicates: {by: [a, 1.5]}}\n",
            "`x.yml:3:30: clean.duplicates.by[1]` must be text, not empty. Got 1.5",
            None,
        ),
        (TWO_LINES + "key: id\n", "`x.yml:3:1: key` must be a list. Got 'id' instead.", "Write [id]."),
        (
            TWO_LINES + "task: regresion\n",
            "must be one of regression, binary, multiclass. Got 'regresion'",
            "Did you mean 'regression'?",
        ),
        (
            "source: x.csv\ntarget: true\n",
            "`x.yml:2:1: target` must be text, not empty. Got true instead.",
            "Put it in quotes",
        ),
        ("source: x.csv\ntarget:\n", "`x.yml:2:1: target` must be text, not empty. Got nothing (null)", None),
        (
            "source: {kind: cvs, path: x}\ntarget: y\n",
            "`x.yml:1:10: source.kind` must be one of csv,",
            "Did you mean 'csv'?",
        ),
        ("source: http://x/y.csv\ntarget: y\n", "must be a path that Spark can read", None),
        (TWO_LINES + "name: ../up\n", "`x.yml:3:1: name` must be 1 to 100 of A-Z", None),
        (TWO_LINES + "predictions: {table: ../up}\n", "predictions.table` must be 1 to 100 of A-Z", None),
        (
            TWO_LINES + "features: {max_categories: 1}\n",
            "must be a whole number from 2 to 10,000. Got 1 instead.",
            None,
        ),
        ("source: x.csv\ntarget: a__THIS__b\n", "must not contain `__THIS__`", None),
        (f"source: x.csv\ntarget: {'x' * 1001}\n", "must be text, not empty", None),
    ],
)
def test_a_mistake_names_its_place_what_was_expected_and_what_came(refusal, text, message, advice):
    error = refusal(text)
    assert message in error.message
    assert "\n" not in error.message
    assert error.advice
    assert advice is None or advice in error.advice


@pytest.mark.parametrize("value", ['"a\\nb"', '"\\e[31m"', "'" + "z" * 5000 + "'"])
def test_what_came_is_shown_short_and_harmless(refusal, value):
    message = refusal(f"source: x.csv\ntarget: y\ntask: {value}\n").message
    assert len(message) < 300
    assert message.isprintable()


def test_all_mistakes_are_told_a_line_each(refusal):
    error = refusal(TWO_LINES + "modle: 1\nsplit: {test: 2}\nkey: a\n")
    lines = error.message.splitlines()
    assert [line.split("`")[1] for line in lines] == ["x.yml:5:1: key", "x.yml:4:9: split.test", "x.yml:3:1: modle"]
    assert error.advice.startswith("3 mistakes")


JDBC = "{url: 'jdbc:postgresql://h/d', table: t, partition: {colum: id}}"


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("source: {pth: x.csv}\ntarget: y\n", "1:10: source.pth", "path"),
        ("source:\n  path: x.csv\n  null_value: [a]\ntarget: y\n", "3:3: source.null_value", "null_values"),
        (f"source: {JDBC}\ntarget: y\n", "1:62: source.partition.colum", "column"),
        ("source: {path: x.csv, options: {hedder: no}}\ntarget: y\n", "1:33: source.options.hedder", "header"),
        (TWO_LINES + "stream:\n  source:\n    pat: x\n", "5:5: stream.source.pat", "path"),
        (TWO_LINES + "stream: {triger: 1 s}\n", "3:10: stream.triger", "trigger"),
        (TWO_LINES + "checks:\n  - {rule: not_null, colum: a}\n", "4:22: checks[0].colum", "column"),
        (TWO_LINES + "checks: [{rule: betwen, column: a}]\n", "3:11: checks[0].rule", "between"),
        (
            TWO_LINES + "features: {per_column: {a: {numerik: none}}}\n",
            "3:29: features.per_column.a.numerik",
            "numeric",
        ),
        (TWO_LINES + "predictions: {tabel: t}\n", "3:15: predictions.tabel", "table"),
        (TWO_LINES + "track: {registr: t}\n", "3:9: track.registr", "register"),
        ("source: x.csv\ntaget: y\n", "2:1: taget", "target"),
    ],
)
def test_a_misspelled_name_is_told_with_its_place_and_the_nearest_valid_one(refusal, text, key, nearest):
    error = refusal(text)
    assert error.message.startswith(f"`x.yml:{key}` ")
    assert "\n" not in error.message
    assert error.advice == f"Did you mean '{nearest}'?"


def test_a_misspelled_name_in_an_override_is_told_as_the_overrides(refusal):
    assert refusal(TWO_LINES, "source.null_value=[a]").message.startswith(
        "`--set source.null_value` is not a known key"
    )
    assert refusal(TWO_LINES, "checks=[{rule: betwen}]").message.startswith("`--set checks[0].rule` must be one of")


def test_all_mistakes_are_told_at_once_those_of_shape_and_those_of_rules(refusal):
    source = "source: {pth: x.csv, options: {hedder: true}}\ntarget: y\n"
    error = refusal(source + "key: [a, a]\nsplit: {kind: tim, column: t}\ntimezone: Nowhere\n")
    said = [line.split("`")[1].split(": ")[1] for line in error.message.splitlines()]
    assert sorted(said) == ["key[1]", "source.options.hedder", "source.pth", "split.kind", "timezone"]


def test_no_more_than_ten_mistakes_are_shown(refusal):
    error = refusal(TWO_LINES + "".join(f"wrong{i}: 1\n" for i in range(30)))
    assert len(error.message.splitlines()) == 10
    assert error.advice.startswith("30 mistakes, the first 10 shown")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TWO_LINES + "privacy: {columns: {a: hash}}\n", "x.yml:3:1: privacy"),
    ],
)
def test_what_is_not_built_yet_is_refused_by_name(refusal, text, place):
    error = refusal(text)
    assert error.message.startswith(f"`{place}` asks for")
    assert "not built yet" in error.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"- a\n- b\n", "must contain a mapping of keys. Got a list"),
        (b"just words\n", "must contain a mapping of keys. Got a single value"),
        (b"source: a.csv\ntarget: \xff\n", "`x.yml:2` is not UTF-8 text (byte 0xff)"),
        ("source: a.csv\ntarget: y\n".encode("utf-16"), "is not UTF-8 text"),
        (b"a: " + b"x" * 1024 * 1024, "is larger than 1024 KiB"),
        (b"source: a\x00b\n", "control character"),
    ],
)
def test_a_file_that_is_no_spec_gets_one_clear_error(refusal, content, words):
    error = refusal(content)
    assert words in error.message
    assert "\n" not in error.message
    assert error.advice


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path):
    (tmp_path / "x.yml").write_bytes(b"\xef\xbb\xbf" + TWO_LINES.replace("\n", "\r\n").encode())
    assert load(tmp_path / "x.yml")[0] == parse({"source": "data/flights.csv", "target": "arr_delay"})


def test_a_missing_file_is_answered_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("flights.yml").write_text(TWO_LINES)
    with pytest.raises(SpecError, match="no such file") as error:
        load("flight.yml")
    assert error.value.advice == "Did you mean 'flights.yml'?"


@pytest.mark.parametrize("name", [".", "a\0b", "x" * 5000])
def test_a_name_that_is_no_file_is_refused(name):
    with pytest.raises(SpecError):
        load(name)


@pytest.mark.parametrize("file", SPECS, ids=lambda file: file.stem)
def test_every_use_case_of_ours_loads_and_can_be_written_out_and_read_again(file):
    spec, _ = load(file)
    assert spec.name == file.stem
    assert parse(read_yaml(dump(spec), "x").data) == spec


TRICKY = st.sampled_from(
    [
        "yes",
        "1e3",
        "012",
        "true",
        "null",
        "~",
        "",
        " a",
        "a: b",
        "#",
        ">50K",
        "\n",
        "\x85",
        "\u2028",
        "🙂",
        "=",
        "<<",
        "-",
        "'",
    ]
)
TEXTS = st.one_of(
    TRICKY, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
)
NAMES = TEXTS.map(lambda text: text.strip(BLANKS)).filter(lambda text: text and "__THIS__" not in text and text != "y")


@settings(max_examples=150, deadline=2000)
@given(
    ignored=st.lists(NAMES, unique=True, max_size=3),
    marks=st.lists(TEXTS, max_size=3),
    positive=st.one_of(
        TEXTS, st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)
    ),
    params=st.dictionaries(
        NAMES, st.one_of(st.none(), TEXTS, st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
    ),
)
def test_a_spec_written_out_reads_as_the_same_spec(ignored, marks, positive, params):
    spec = parse(
        {
            "source": {"path": "x.csv", "null_values": marks},
            "target": "y",
            "positive": positive,
            "columns": {"ignore": ignored},
            "model": {"params": params},
        }
    )
    assert parse(read_yaml(dump(spec), "x").data) == spec


JSONISH = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=120, deadline=2000)
@given(key=st.sampled_from(sorted(Spec.model_fields)), value=JSONISH)
def test_any_value_for_any_key_is_either_taken_or_refused(key, value):
    try:
        parse({"source": "x.csv", "target": "y", key: value})
    except SpecError as refused:
        named = refused.message.startswith("`")
    else:
        named = True
    assert named
