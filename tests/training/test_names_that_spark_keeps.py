"""Names that Spark, Delta, Kafka or the stages of a training keep for themselves are columns like any other."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs.columns.names import col
from spark_jobs.errors import DataError
from spark_jobs.formats.json_records import keys
from spark_jobs.formats.messages import JsonFormat, split
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec import Source, parse
from spark_jobs.training.prepare import inspect_source, prepare

NAMES = """_metadata _corrupt_record _c0 __index_level_0__ __index value key _file _change_type _commit_version
_commit_timestamp path length content modificationTime file_path file_name file_size file_block_start row_index
__is_cdc record _spark_jobs_torn
torn x0 n0 c0 part position profile place label weight hash number fate class test features rawPrediction indexedLabel
topic offset partition timestamp timestampType headers rows count spark_grouping_id window col1 _1 _raw _others
input_file_name structs element"""
KEPT = re.findall(r"\S+", NAMES)
ROWS = [{name: f"{name} {row}" for name in KEPT} | {"y": row % 5, "n": row / 2} for row in range(30)]


def parquet(folder, spark):
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "x.parquet")
    return folder / "x.parquet"


def delta(folder, spark):
    spark.read.parquet(str(parquet(folder, spark))).write.format("delta").save(str(folder / "d"))
    return folder / "d"


def lines(folder, spark):
    (folder / "x.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n{malformed\n")
    return folder / "x.jsonl"


def document(folder, spark):
    (folder / "x.json").write_text(json.dumps(ROWS, indent=1))
    return folder / "x.json"


def text(folder, spark, malformed=""):
    rows = [",".join(map(str, row.values())) for row in ROWS]
    (folder / "x.csv").write_text("\n".join([",".join(ROWS[0]), *rows]) + malformed)
    return folder / "x.csv"


def torn_text(folder, spark):
    return text(folder, spark, "\ntorn\n")


def spanning_text(folder, spark):
    path = text(folder, spark)
    path.write_text(path.read_text().replace("_metadata 7", '"_metadata\n7"'))
    return path


@pytest.mark.parametrize("made", [parquet, delta, lines, document, text, torn_text, spanning_text])
def test_each_is_a_column_of_every_kind_of_source(spark, tmp_path, made):
    spec = parse({"source": str(made(tmp_path, spark)), "target": "y", "task": "regression"})
    inspected = inspect_source(spec, spark)
    assert set(inspected.types) == set(ROWS[0])
    if inspected.table.malformed is not None:
        assert inspected.table.malformed.count() == inspected.table.malformed_count == 1
    staged = prepare(spec, spark, inspected, tmp_path / "run").rows.select(*map(col, KEPT)).collect()
    found = sorted([cell.replace("\n", " ") for cell in row] for row in staged)
    assert found == sorted([row[name] for name in KEPT] for row in ROWS)


@pytest.mark.parametrize("name", ["_tmp_metadata_row_index", "__delta_internal_row_index"])
def test_a_name_that_a_reader_of_tables_cannot_give_back_is_refused(spark, tmp_path, name):
    pq.write_table(pa.table({name: [7, 8], "y": [1, 2]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=rf"reserved names\. Got '{name}'"):
        read_source(Source(path=str(tmp_path / "x.parquet")), spark)


def test_each_is_a_column_of_messages():
    values = pa.array([json.dumps(row).encode() for row in ROWS], pa.binary())
    batch = pa.RecordBatch.from_arrays([values, pa.array(["t/0/0"] * len(ROWS))], ["value", "place"])
    met = next(keys(iter([batch]))).to_pydict()
    assert met["key"] == list(ROWS[0])
    cells = next(split(JsonFormat(tuple(KEPT)))(iter([batch])))
    assert [tuple(row[: len(KEPT)]) for row in zip(*(column.to_pylist() for column in cells.columns), strict=True)] == [
        tuple(row[name] for name in KEPT) for row in ROWS
    ]
