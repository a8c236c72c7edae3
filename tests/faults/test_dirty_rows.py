"""Dirty rows that are scored: each is among the predictions or in quarantine, and no value lies in another's column."""

from __future__ import annotations

import gzip
import math
import os
import random
import time
from hashlib import sha256

import pytest

from spark_jobs.errors import DataError
from spark_jobs.jobs import score
from spark_jobs.spec import Environment, parse

HEADER = "size,rooms,kind,built\n"
GOOD = "50.5,2,flat,2011-01-11\n"

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def home(session, tmp_path_factory):
    """A model of houses, trained on a file like those of the tests."""
    from spark_jobs.jobs import promote, train

    folder = tmp_path_factory.mktemp("dirty")
    kinds, chance = ("flat", "house", "loft"), random.Random(4)
    prices = [n % 90 + 20 * (n % 5) + chance.gauss(0, 15) for n in range(300)]
    lines = [
        f"{20 + n % 90}.5,{1 + n % 5},{kinds[n % 3]},20{10 + n % 9}-01-1{n % 9},{price:.1f}"
        for n, price in enumerate(prices)
    ]
    (folder / "old.csv").write_text("size,rooms,kind,built,price\n" + "\n".join(lines) + "\n")
    spec = parse({"source": str(folder / "old.csv"), "target": "price", "name": "homes"})
    env = Environment(root=str(folder / "root"))
    train.run(spec, session, env)
    promote.run(spec, session, env)
    return spec, env


@pytest.fixture
def scored(home, session, tmp_path):
    """What scoring some bytes comes to: the result, the rows of its own table and those of its quarantine."""
    spec, env = home

    def run(content, name="x.csv", **keys):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        table = "t" + sha256(str(tmp_path).encode()).hexdigest()[:12]
        base = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        asked = parse({**base, "name": table, "track": {"register": "homes"}, **keys})
        result = score.run(asked, session, env, input=str(path))
        rows = _rows(session, env, f"{table}_predictions")
        refused = _rows(session, env, f"{table}_quarantine")
        assert result.rows["read"] == len(rows) + len(refused)
        assert all(math.isfinite(row["prediction"]) for row in rows)
        assert all(row["_reasons"] and row["_raw"] is not None for row in refused)
        return result, rows, refused

    return run


def _rows(session, env: Environment, table: str):
    from spark_jobs.tables import delta

    path = delta.table_path(env.root, table)
    return delta.read_table(session, path).collect() if delta.exists(session, path) else []


def test_d1_ragged_rows_open_quotes_newlines_and_nul_bytes(scored):
    lines = [
        GOOD,
        "1,2\n",
        "70,3,fl\0at,2011-01-11\n",
        "1,2,3,4,5,6\n",
    ]
    _, rows, refused = scored(HEADER + "".join(lines))
    assert sorted((row["size"], row["kind"]) for row in rows) == [(50.5, "flat"), (70.0, "fl\0at")]
    assert sorted(row["_raw"] for row in refused) == ["1,2", "1,2,3,4,5,6"]


def test_d1_a_quoted_newline_is_part_of_its_cell(scored):
    _, rows, refused = scored(HEADER + GOOD + '60,3,"fl\nat",2011-01-11\n' + GOOD)
    assert sorted((row["size"], row["kind"]) for row in rows) == [(50.5, "flat"), (50.5, "flat"), (60.0, "fl\nat")]
    assert not refused


def test_d1_an_open_quote_takes_no_line_but_its_own(scored):
    _, rows, refused = scored(HEADER + GOOD + '80,3,"loft,2012\n' + GOOD)
    assert [row["size"] for row in rows] == [50.5, 50.5]
    assert [row["_raw"] for row in refused] == ['80,3,"loft,2012']


def test_d2_a_byte_order_mark_mixed_line_ends_and_bad_bytes(scored):
    text = "\ufeffsize,rooms,kind,built\r\n50,2,flät,2011-01-11\n60,3,loft,2012-02-12\r\n".encode()
    _, rows, refused = scored(text + b"70,3,l\xf6ft,2012-02-12\r\n")
    assert sorted((row["size"], row["kind"]) for row in rows) == [(50.0, "flät"), (60.0, "loft")]
    assert len(refused) == 1


def test_d3_a_header_in_another_order_is_followed_by_name(scored):
    _, rows, _ = scored("built,kind,rooms,size\n2011-01-11,flat,2,50.5\n")
    assert [(row["size"], row["rooms"], row["kind"], str(row["built"])) for row in rows] == [
        (50.5, 2, "flat", "2011-01-11")
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("50.5,2,flat,2011-01-11\n", "lacks columns that the model reads"),
        ("size,rooms,kind,Kind\n", "must differ"),
        ("size,size,kind,built\n", "must differ"),
        ("Size,rooms,kind,built\n", "lacks columns that the model reads: 'size'"),
    ],
)
def test_d3_a_header_that_is_missing_doubled_or_of_another_case_is_refused_by_name(scored, header, said):
    with pytest.raises(DataError, match=said):
        scored(header + GOOD)


def test_d4_words_where_numbers_should_be_become_missing_and_are_counted(scored):
    result, rows, _ = scored(HEADER + GOOD + "abc,x y,flat,2011-01-11\n")
    assert result.cells == {"size": 1, "rooms": 1}
    assert sorted((row["size"], row["rooms"]) for row in rows if row["size"] is not None) == [(50.5, 2)]


def test_d4_words_where_numbers_should_be_are_refused_where_that_is_asked(scored):
    strict, _, refused = scored(HEADER + GOOD + "abc,2,flat,2011-01-11\n", changes={"type": "quarantine"})
    assert strict.rows["quarantined"] == 1
    assert "size is 'abc'" in refused[0]["_reasons"][0]


def test_d5_numbers_at_the_edge_score_as_finite_numbers_or_as_missing(scored):
    edges = ["NaN", "Infinity", "-inf", "-0", "1e309", "9223372036854775808", "-9223372036854775809", "1e-400"]
    result, rows, _ = scored(HEADER + "".join(f"{edge},2,flat,2011-01-11\n" for edge in edges))
    assert len(rows) == len(edges)
    sizes = [row["size"] for row in rows if row["size"] is not None]
    assert sorted(sizes) == [-(2.0**63), 0.0, 0.0, 2.0**63]
    assert result.cells == {"size": 3}


def test_d6_a_decimal_comma_and_a_thousands_separator_are_never_another_number(scored):
    cells = ['"12,5"', '"1,000"', "N/A", " ", "7"]
    result, rows, _ = scored(HEADER + "".join(f"{cell},2,flat,2011-01-11\n" for cell in cells))
    assert sorted(row["size"] for row in rows if row["size"] is not None) == [7.0]
    assert result.cells == {"size": 2}


def test_d7_files_of_nothing_and_a_line_that_unpacks_to_megabytes(scored):
    assert scored(b"")[0].rows["read"] == 0
    assert scored(b"", name="x.parquet")[0].rows["read"] == 0
    packed = gzip.compress((HEADER + GOOD + "1" * 30_000_000 + "\n").encode())
    assert len(packed) < 100_000
    _, rows, refused = scored(packed, name="x.csv.gz")
    assert (len(rows), len(refused)) == (1, 1)


def _arrives(folder, name, content, seconds_ago=3_600):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(folder / name, (time.time() - seconds_ago,) * 2)


def _some_that_cannot_be_read(folder):
    """Three files, of which one is whole."""
    folder.mkdir()
    _arrives(folder, "cut.csv.gz", gzip.compress((HEADER + GOOD * 5_000).encode())[:-9])
    _arrives(folder, "empty.csv", "")
    _arrives(folder, "whole.csv", HEADER + "60,3,loft,2012-02-12\n70,3,loft,2012-02-12\ntorn\n")


def test_f18_a_file_that_cannot_be_read_is_quarantined_whole_and_the_landing_goes_on(home, session, tmp_path):
    spec, env = home
    _some_that_cannot_be_read(tmp_path / "in")
    source = {"kind": "csv", "path": str(tmp_path / "in"), "landing": True}
    base = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    asked = parse({**base, "name": "landed", "source": source, "track": {"register": "homes"}})
    first = score.run(asked, session, env)
    assert first.rows == {"read": 4, "scored": 2, "quarantined": 2, "duplicates": 0}
    assert [line for line in first.summary if "corrupt" in line and "cut.csv.gz' cannot be decompressed" in line]
    assert score.run(asked, session, env).rows["read"] == 0, "what is set apart is not met again"
    _arrives(tmp_path / "in", "cut.csv.gz", gzip.compress((HEADER + GOOD).encode()))
    assert score.run(asked, session, env).rows["scored"] == 1, "the same name with other content is another file"
    _arrives(tmp_path / "in", "junk.csv.gz", b"no gzip")
    last = score.run(asked, session, env)
    assert last.rows == {"read": 1, "scored": 0, "quarantined": 1, "duplicates": 0}
    assert len(_rows(session, env, "landed_predictions")) == 3
    refused = _rows(session, env, "landed_quarantine")
    told = {row["_source"].rsplit("/")[-1]: row["_raw"] for row in refused}
    assert told == {"cut.csv.gz": None, "whole.csv": "torn", "junk.csv.gz": None}


def test_f18_a_file_that_cannot_be_read_is_quarantined_whole_and_the_stream_goes_on(home, session, tmp_path):
    from spark_jobs.jobs import stream

    spec, env = home
    _some_that_cannot_be_read(tmp_path / "in")
    base = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    streamed = {"trigger": "available_now", "source": {"kind": "csv", "path": str(tmp_path / "in")}}
    asked = parse({**base, "name": "streamed", "track": {"register": "homes"}, "stream": streamed})
    first = stream.run(asked, session, env)
    assert (first.rows["read"], first.rows["scored"], first.rows["quarantined"]) == (5, 2, 3)
    _arrives(tmp_path / "in", "more.csv", HEADER + GOOD)
    _arrives(tmp_path / "in", "blank.csv", " \n")
    second = stream.run(asked, session, env)
    assert (second.rows["read"], second.rows["scored"], second.rows["quarantined"]) == (2, 1, 1)
    refused = {row["_source"].rsplit("/")[-1]: row["_reasons"][0] for row in _rows(session, env, "streamed_quarantine")}
    assert sorted(refused) == ["blank.csv", "cut.csv.gz", "empty.csv", "whole.csv"]
    assert "is empty: 0 bytes" in refused["empty.csv"]
    assert sorted(row["size"] for row in _rows(session, env, "streamed_predictions")) == [50.5, 60.0, 70.0]


@pytest.fixture
def trained(session, tmp_path):
    """What a training on a CSV comes to, which asks nothing but what the target is."""
    from spark_jobs.jobs import train

    def run(text, target):
        path = tmp_path / "table.csv"
        path.write_text(text)
        env = Environment(root=str(tmp_path / "root"))
        return train.run(parse({"source": str(path), "target": target, "name": "t"}), session, env)

    return run


def _labelled(of):
    """200 rows of a number, a level and a label, `of` their number."""
    return "a,b,kind\n" + "".join(f"{n % 40},{'xyz'[n % 3]},{of(n)}\n" for n in range(200))


def test_d8_a_class_of_one_row_is_kept_and_what_cannot_be_measured_of_it_is_told(trained):
    told = trained(_labelled(lambda n: "once" if n == 77 else "yes" if n % 40 > 20 else "no"), "kind")
    assert sum(told.rows[fate] for fate in ("trained", "tested", "duplicates")) == told.rows["read"] == 200
    assert any("No test row has the label 'once'" in line for line in told.summary)
    assert told.metrics["accuracy"] > 0.9


def test_d8_a_test_part_without_positives_is_refused_and_not_given_a_score(trained):
    with pytest.raises(DataError, match="at least two classes") as refused:
        trained(_labelled(lambda n: "yes" if n == 5 else "no"), "kind")
    assert "Use more rows" in refused.value.advice


def test_d9_columns_of_one_value_of_none_and_of_ever_new_ones_are_left_out_by_name(trained):
    rows = 1_000_000
    cells = "".join(f"{n % 997},1,,u{n * 7919 % rows:06d}x,{n % 997 * 3 + n * 7 % 1009}\n" for n in range(rows))
    told = trained("a,same,none,many,y\n" + cells, "y")
    left = [line.split("left out  ")[1] for line in told.summary if "left out" in line]
    assert sorted(left) == [
        "many: all 1,000,000 values differ",
        "none: no cell holds a value",
        "same: all 1,000,000 cells hold one value",
    ]
    assert told.metrics["r2"] > 0.85


def test_d10_rows_of_one_id_equal_or_at_odds_are_all_kept_and_told_apart(scored):
    lines = [GOOD, GOOD, "60,2,flat,2011-01-11\n"]
    _, rows, _ = scored("id," + HEADER + "".join(f"a,{line}" for line in lines), key=["id"])
    assert sorted(row["_row_id"] for row in rows) == ["a", "a#2", "a#3"]
    assert sorted(row["size"] for row in rows) == [50.5, 50.5, 60.0]


def test_d11_days_at_the_ends_of_time_and_days_that_are_none(scored):
    days = ["0001-01-01", "9999-12-31", "2020-02-30", "2021-03-28 02:30:00", "1577836800000"]
    result, rows, _ = scored(HEADER + "".join(f"50,2,flat,{day}\n" for day in days))
    assert {"0001-01-01", "9999-12-31"} <= {str(row["built"]) for row in rows}
    assert result.cells["built"] >= 1


def test_d12_and_d13_formulas_emoji_zero_width_and_ten_megabytes_of_text_stay_what_they_are(scored):
    texts = ["=cmd()", "🏠", "\u05e9\u05dd", "x\u200by", "z" * 10_000_000]
    result, rows, _ = scored(HEADER + "".join(f"50,2,{text},2011-01-11\n" for text in texts))
    assert {row["kind"] for row in rows} == set(texts)
    assert result.extra["unseen"] == {"kind": 5}
