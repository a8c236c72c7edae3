"""The kinds of source: each is one declaration, and another distribution may bring one."""

from __future__ import annotations

import re
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
from plugin_distribution import installed

import spark_jobs
from spark_jobs import plugins
from spark_jobs.cli.main import main
from spark_jobs.errors import SpecError
from spark_jobs.jobs import schema
from spark_jobs.sources import kinds
from spark_jobs.sources.kinds import connectors_of, find_kind, source_kinds
from spark_jobs.sources.source_kind import SourceKind
from spark_jobs.sources.table_reader import kind_of_source, read_source
from spark_jobs.spec import parse
from spark_jobs.spec.models import Source, Stream
from spark_jobs.streaming.stream_sources import micro_batch_table, open_source_stream

SERIES = {"source": {"length": 400}, "target": "y", "name": "series"}


@pytest.fixture
def registered(tmp_path):
    """Registers kinds of source by name, as another distribution does."""
    with ExitStack() as uninstalled:
        yield lambda entries, **modules: uninstalled.enter_context(
            installed(tmp_path / "site", {"sources": entries}, **modules)
        )


@pytest.fixture
def series(registered):
    registered({"series": "series:SOURCE"})


def refused(given):
    with pytest.raises(SpecError) as error:
        parse({"target": "y", **given})
    return error.value


def test_every_file_of_the_folder_declares_a_kind():
    assert set(source_kinds()) == set(plugins.built_in("spark_jobs.sources.kinds"))
    assert all(isinstance(kind, SourceKind) for kind in source_kinds().values())


def test_the_functions_that_declarations_name_exist():
    files = Path(kinds.__file__).parent.glob("*.py")
    named = [name for file in files for name in re.findall(r'"(spark_jobs\.[\w.]+:\w+)"', file.read_text("utf-8"))]
    assert len(named) >= len(source_kinds())
    for module, _, name in (one.partition(":") for one in named):
        assert callable(getattr(import_module(module), name))


def test_no_two_kinds_claim_the_same_ending_or_key():
    for attribute in ("endings", "implied_by"):
        claimed = [one for kind in source_kinds().values() for one in getattr(kind, attribute)]
        assert len(claimed) == len(set(claimed)) > 2


@pytest.mark.parametrize(
    ("source", "key", "hint"),
    [
        ({"path": "x.csv", "watermark": "at"}, "source.watermark", "It applies to jdbc."),
        ({"path": "x.csv", "user": "ana"}, "source.user", "It applies to jdbc or kafka."),
        ({"table": "t", "landing": True}, "source.landing", "It applies to csv, json or parquet."),
        ({"servers": "b:9092", "topic": "t", "lookback": 3}, "source.lookback", "It applies to jdbc."),
        ({"path": "x.csv", "topic": "t", "kind": "csv"}, "source.topic", "Remove it."),
    ],
)
def test_a_key_of_another_kind_is_refused_with_the_kinds_that_it_applies_to(source, key, hint):
    error = refused({"source": source})
    assert error.message == f"`{key}` does not apply to a source of kind {parse_kind(source)}."
    assert error.advice == hint


def parse_kind(source):
    return source.get("kind") or ("table" if "table" in source else "kafka" if "topic" in source else "csv")


def test_keys_of_a_kind_are_typed_and_written_out_and_read_again():
    source = {"url": "jdbc:postgresql://db/shop", "table": "orders", "partition": {"column": "id"}}
    spec = parse({"source": source, "target": "y"})
    assert (spec.name, spec.source.kind, connectors_of(spec)) == ("orders", "jdbc", ("postgresql",))
    assert "  partition:\n    column: id\n    parts: 8\n" in spark_jobs.dump(spec)
    again = parse(spec.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert again == spec


def test_the_schema_says_which_kinds_a_key_is_for():
    keys = schema.whole()["$defs"]["Source"]["properties"]
    assert keys["topic"]["description"] == "Kind `kafka`: the topic to read."
    assert keys["user"]["description"].startswith("Kinds `jdbc` and `kafka`: the user,")
    assert "DataFrame" not in keys["kind"]["anyOf"][0]["enum"]
    assert keys["kind"]["anyOf"][0]["enum"] == sorted(plugins.built_in("spark_jobs.sources.kinds"))


def test_a_registered_kind_is_checked_like_a_built_in_one(series, tmp_path, capfd):
    (tmp_path / "series.yml").write_text("source: {length: 400}\ntarget: y\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "series.yml")]) == 0
    (tmp_path / "series.yml").write_text("source: {kind: series, lenth: 400}\ntarget: y\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "series.yml")]) == 2
    said, told = capfd.readouterr()
    assert "predict   y from series" in said
    assert "series.yml:1:24: source.lenth` is not a known key. hint: Did you mean 'length'?" in " ".join(told.split())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"length": -1}, "`source.length` must be a whole number ≥ 0. Got -1 instead."),
        ({"length": 3, "first": -2}, "`source.first` must not be negative."),
        ({"kind": "series"}, "`source` has neither a `path` nor a `table`."),
        ({"kind": "series", "path": "x"}, "`source.kind` 'series' needs a `length`."),
        ({"path": "x.csv", "first": 1}, "`source.first` does not apply to a source of kind csv."),
    ],
)
def test_mistakes_in_the_keys_of_a_registered_kind_are_seen_without_data(series, source, message):
    assert refused({"source": source}).message == message


def test_a_registered_kind_has_its_place_in_the_schema_and_in_inference(series):
    keys = schema.whole()["$defs"]["Source"]["properties"]
    assert "series" in keys["kind"]["anyOf"][0]["enum"]
    assert keys["length"]["description"] == "Kind `series`: the number of rows."
    assert Source(path="x.series.gz").kind == "series"
    parse({"source": {"length": 3, "options": {"seriesStep": 2}}, "target": "y"})


def test_a_kind_that_is_not_installed_any_more_is_refused():
    assert refused({"source": {"kind": "series", "path": "x"}}).message.startswith(
        "`source.kind` must be one of csv, dataframe, delta, jdbc, json, kafka, parquet, table."
    )
    with pytest.raises(SpecError, match="'series'"):
        find_kind("series")


def test_a_registered_kind_with_the_name_of_a_built_in_one_is_refused(registered):
    registered({"csv": "series:SOURCE"})
    error = refused({"source": "x.csv"})
    assert "'csv' (series:SOURCE) of `spark_jobs.sources` has the name of a built-in one" in error.message
    assert error.advice == "Rename its entry point, or uninstall the package that provides it."


def test_a_registered_kind_that_cannot_be_imported_is_named_with_its_cause(registered):
    registered({"series": "series:SOURCE"}, series="import no_such_module\n")
    error = refused({"source": "x.csv"})
    assert "'series' (series:SOURCE)" in error.message
    assert "No module named 'no_such_module'" in error.message


def test_a_registered_kind_that_is_no_declaration_is_refused(registered):
    registered({"series": "series:SeriesKeys"})
    message = "The plug-in 'series' (series:SeriesKeys) of `spark_jobs.sources` must be a declaration."
    assert refused({"source": "x.csv"}).message.startswith(message)


def test_a_table_of_a_registered_kind_is_read(spark, series):
    source = Source(length=4, first=5)
    assert kind_of_source(source, spark) == "series"
    table = read_source(source, spark)
    assert [tuple(row) for row in table.rows.orderBy("n").collect()] == [(5, 5, 30), (6, 6, 36), (7, 0, 7), (8, 1, 13)]


def test_a_model_is_trained_on_a_registered_kind(spark, series, tmp_path):
    result = spark_jobs.train(SERIES, spark=spark, env=spark_jobs.Environment(root=str(tmp_path / "root")))
    assert (result.rows["read"], result.rows["trained"] + result.rows["tested"]) == (400, 400)
    assert result.metrics["r2"] > 0.99


def test_a_registered_kind_is_streamed_by_its_own_opener(spark, series):
    source = Source(length=3)
    stream = open_source_stream(source, Stream(), spark, None)
    met = []

    def take(rows, number):
        table = micro_batch_table(rows, source, "series", ["n", "noise"], f"batch-{number}")
        met.extend(tuple(row) for row in table.rows.collect())

    query = stream.writeStream.foreachBatch(take).trigger(once=True).start()
    query.awaitTermination(120)
    assert sorted(met)[:3] == [(0, 0), (1, 1), (2, 2)]
