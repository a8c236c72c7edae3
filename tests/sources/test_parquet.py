"""Folders of Parquet whose files differ, and stored types that Spark has no reader for."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from spark_jobs.errors import DataError
from spark_jobs.formats import footers
from spark_jobs.sources.readers import parquet
from spark_jobs.sources.table_reader import read_source
from spark_jobs.spec.models import Source


def _files(folder: Path, *tables: dict[str, Any], **options: Any) -> Source:
    folder.mkdir(exist_ok=True)
    for number, columns in enumerate(tables):
        pq.write_table(pa.table(columns), folder / f"{number}.parquet", **options)
    return Source(path=str(folder))


def _columns(source: Source, spark: Any) -> dict[str, list[Any]]:
    table = read_source(source, spark)
    rows = table.rows.orderBy("id").collect()
    return {name: [row[name] for row in rows] for name in table.columns}


def test_a_column_that_some_files_have_is_read_and_told(spark, tmp_path):
    source = _files(tmp_path / "in", {"id": [1], "a": ["x"]}, {"id": [2], "b": ["y"], "a": [None]})
    assert _columns(source, spark) == {"id": [1, 2], "a": ["x", None], "b": [None, "y"]}
    assert "'b' is in 1 of 2 files, and null in the others" in read_source(source, spark).reading.decisions


WIDENED = [
    (pa.array([1], pa.int32()), pa.array([2**40], pa.int64()), "bigint", [1, 2**40]),
    (pa.array([1], pa.int64()), pa.array([0.5]), "double", [1.0, 0.5]),
    (pa.array([1], pa.int8()), pa.array([0.5], pa.float32()), "double", [1.0, 0.5]),
    (pa.array([0.5], pa.float32()), pa.array([0.1]), "double", [0.5, 0.1]),
    (pa.array([Decimal("1.5")], pa.decimal128(4, 1)), pa.array([Decimal("2.25")], pa.decimal128(9, 2)), "decimal(9,2)",
     [Decimal("1.50"), Decimal("2.25")]),
    (pa.array([7], pa.int32()), pa.array([Decimal("2.25")], pa.decimal128(5, 2)), "decimal(12,2)",
     [Decimal("7.00"), Decimal("2.25")]),
    (pa.nulls(1), pa.array(["x"]), "string", [None, "x"]),
    (pa.array([2**64 - 1], pa.uint64()), pa.array([5], pa.uint32()), "decimal(20,0)", [Decimal(2**64 - 1), Decimal(5)]),
]  # fmt: skip
WIDENED_NANOSECONDS = [
    (pa.array([1_000], pa.timestamp("us")), pa.array([2_000_001], pa.timestamp("ns")), "timestamp_ntz",
     [datetime(1970, 1, 1, 0, 0, 0, 1_000), datetime(1970, 1, 1, 0, 0, 0, 2_000)]),
]  # fmt: skip


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("cases", [WIDENED, WIDENED_NANOSECONDS], ids=["as Spark reads", "as Spark cannot read"])
def test_types_that_grew_are_read_as_the_one_that_holds_both(spark, tmp_path, cases, turn):
    """A folder holds a column of each case, with the wider type in the second file or in the first."""
    files = [{"id": pa.array([number])} for number in range(2)[::turn]]
    for number, case in enumerate(cases):
        for file, column in zip(files, case[:2][::turn], strict=True):
            file[f"n{number}"] = column
    source = _files(tmp_path, *files)
    wanted = {f"n{number}": (kind, values) for number, (_, _, kind, values) in enumerate(cases)}
    table = read_source(source, spark)
    first, second = table.rows.orderBy("id").collect()
    kinds = dict(table.rows.dtypes)
    assert {name: (kinds[name], [first[name], second[name]]) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([1]), pa.array(["x"])),
        (pa.array([True]), pa.array([1])),
        (pa.array([0.5]), pa.array([Decimal("1.5")])),
        (pa.array([1], pa.date32()), pa.array([1], pa.timestamp("us"))),
        (pa.array([2**53 + 1]), pa.array([0.5])),
        (pa.array([Decimal(10) ** 37], pa.decimal128(38, 0)), pa.array([Decimal("0.01")], pa.decimal128(4, 2))),
    ],
    ids=str,
)
def test_types_that_do_not_go_together_are_refused_by_column_and_file(spark, tmp_path, first, second):
    source = _files(tmp_path / "in", {"id": [1], "n": first}, {"id": [2], "n": second})
    with pytest.raises(DataError, match=r"'n' is .*\.parquet"):
        read_source(source, spark)


def test_stored_types_without_a_reader_are_read_or_told(spark, tmp_path):
    cells = {
        "id": [1, 2],
        "ns": pa.array([1_700_000_000_123_456_789, -1], pa.timestamp("ns")),
        "zoned": pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns", "UTC")),
        "clock": pa.array([time(1, 2, 3), time(23, 59, 59, 999_999)], pa.time64("us")),
        "millis": pa.array([time(1, 2, 3, 500_000), None], pa.time32("ms")),
        "half": pa.array(np.array([1, 2], np.float16)),
        "wide": pa.array([Decimal(1), None], pa.decimal256(50, 2)),
        "uuid": pa.array([UUID(int=1).bytes, None], pa.uuid()),
        "inner": pa.array([{"at": 1}, None], pa.struct([("at", pa.timestamp("ns"))])),
        "tags": [[1], None],
    }
    source = _files(tmp_path / "in", cells)
    assert _columns(source, spark) == {
        "id": [1, 2],
        "ns": [datetime(2023, 11, 14, 22, 13, 20, 123_456), datetime(1969, 12, 31, 23, 59, 59, 999_999)],
        "zoned": [
            datetime.fromtimestamp(1_700_000_000, UTC).astimezone().replace(tzinfo=None, microsecond=123_456),
            None,
        ],
        "clock": ["01:02:03", "23:59:59.999999"],
        "millis": ["01:02:03.500000", None],
        "uuid": ["00000000-0000-0000-0000-000000000001", None],
        "tags": [[1], None],
    }
    told = read_source(source, spark).unusable
    assert {name: kind.split("<")[0].split("[")[0] for name, kind in told.items()} == {
        "clock": "time64", "millis": "time32", "half": "halffloat", "wide": "decimal256(50, 2)", "inner": "struct",
    }  # fmt: skip


def test_files_that_spark_cannot_unpack_are_refused_by_name_and_reason(spark, tmp_path):
    with pytest.raises(DataError, match=r"0\.parquet' is compressed with BROTLI"):
        read_source(_files(tmp_path / "b", {"id": [1]}, compression="brotli"), spark)
    split = {"use_dictionary": False, "column_encoding": {"id": "BYTE_STREAM_SPLIT"}}
    with pytest.raises(DataError, match=r"0\.parquet' stores 'id' as BYTE_STREAM_SPLIT"):
        read_source(_files(tmp_path / "s", {"id": [1]}, **split), spark)
    _files(tmp_path / "e", {"id": [1]})
    file = tmp_path / "e" / "0.parquet"
    file.write_bytes(b"PARE" + file.read_bytes()[4:-4] + b"PARE")
    with pytest.raises(DataError, match=r"0\.parquet' is encrypted"):
        read_source(Source(path=str(file)), spark)


def test_encrypted_columns_are_refused_before_anybody_asks_for_them(spark, tmp_path):
    class Keys(encryption.KmsClient):
        def wrap_key(self, key: bytes, master: str) -> bytes:
            return b64encode(key)

    asked = encryption.EncryptionConfiguration(footer_key="k", column_keys={"c": ["secret"]}, plaintext_footer=True)
    factory = encryption.CryptoFactory(lambda _: Keys())
    locked = factory.file_encryption_properties(encryption.KmsConnectionConfig(), asked)
    rows = pa.table({"id": [1], "secret": [2]})
    with pq.ParquetWriter(tmp_path / "1.parquet", rows.schema, encryption_properties=locked) as writer:
        writer.write_table(rows)
    with pytest.raises(DataError, match=r"1\.parquet' has encrypted columns"):
        read_source(Source(path=str(tmp_path)), spark)


def test_the_footers_of_very_many_files_are_read_by_tasks(spark, tmp_path, monkeypatch):
    source = _files(tmp_path / "in", {"id": [1]}, {"id": [2], "b": ["y"]}, {"id": [3]})
    here = read_source(source, spark)
    monkeypatch.setattr(footers, "HERE", 2)
    there = read_source(source, spark)
    assert there.reading.decisions == here.reading.decisions
    assert there.rows.orderBy("id").collect() == here.rows.orderBy("id").collect()


def test_files_that_spark_alone_can_open_are_merged_too(spark, tmp_path, monkeypatch):
    source = _files(tmp_path / "in", {"id": pa.array([1], pa.int32())}, {"id": [2], "b": ["y"]})
    listed = [
        file.__class__(f"file:{file.path}", file.size, 0, local=False) for file in parquet.files_of(source, spark)
    ]
    monkeypatch.setattr(parquet, "files_of", lambda *_: tuple(listed))
    assert _columns(source, spark) == {"id": [1, 2], "b": [None, "y"]}
