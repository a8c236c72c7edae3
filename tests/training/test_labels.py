from __future__ import annotations

from decimal import Decimal

from pyspark.sql import functions as F

from spark_jobs.columns.types import ColumnType
from spark_jobs.plan import LearningTask
from spark_jobs.training.labels import is_against_rest, label, metadata

TEXT = ColumnType("t", "text", "category", "")
NUMBER = ColumnType("n`.", "number", "number", "")
BOOLEAN = ColumnType("b", "boolean", "boolean", "")
COLOURS = LearningTask("multiclass", "t", ("blue", "it's", "red"))
ONE = LearningTask("binary", "t", ("not red", "red"), "red")
RATES = LearningTask("multiclass", "n`.", ("-1", "0", "2.5"))
YES = LearningTask("binary", "b", ("false", "true"), "true")
SAID = LearningTask("binary", "t", ("no", "Yes"), "Yes")
PRICE = LearningTask("regression", "n`.")


def test_a_target_becomes_the_index_of_its_label_or_its_value(spark):
    rows = spark.createDataFrame(
        [("red", "2.50", "TRUE"), (" blue ", "-1.0", "false"), ("it's", "-0", "1"), ("green", "3", "0"),
         (None, None, None), ("red", "1e400", "maybe")],
        "t string, `n``.` string, b string",
    )  # fmt: skip
    asked = [(COLOURS, TEXT), (ONE, TEXT), (RATES, NUMBER), (YES, BOOLEAN), (PRICE, NUMBER)]
    found = rows.select(*[label(problem, kind, "UTC").alias(f"l{i}") for i, (problem, kind) in enumerate(asked)])
    assert [tuple(row) for row in found.collect()] == [
        (2.0, 1.0, 2.0, 1.0, 2.5),
        (0.0, 0.0, 0.0, 0.0, -1.0),
        (1.0, 0.0, 1.0, 1.0, 0.0),
        (-1.0, 0.0, -1.0, 0.0, 3.0),  # a label that the problem does not know; of one against the rest, the rest
        (None, None, None, None, None),
        (2.0, 1.0, None, None, None),
    ]


def test_stored_numbers_and_booleans_find_the_same_labels(spark):
    rows = spark.range(1).select(F.lit(2.5).alias("n`."), F.lit(True).alias("b"))
    assert tuple(rows.select(label(RATES, NUMBER, "UTC"), label(YES, BOOLEAN, "UTC")).first()) == (2.0, 1.0)


def test_the_label_tells_its_classes_also_those_no_row_has():
    assert metadata(COLOURS)["ml_attr"]["vals"] == ["blue", "it's", "red"]
    assert metadata(PRICE) == {}
    assert [is_against_rest(problem) for problem in (ONE, YES, COLOURS)] == [True, False, False]


def test_words_for_true_and_false_find_their_label_in_every_spelling(spark):
    texts = ["Yes", "yes", "YES\u00a0", "y", "TRUE", "1", "No", "\tno", "N", "false", "0", "maybe", None]
    rows = spark.createDataFrame([(text,) for text in texts], "t STRING")
    found = [row[0] for row in rows.select(label(SAID, TEXT, "UTC")).collect()]
    assert found == [1.0] * 6 + [0.0] * 5 + [-1.0, None]


def test_numbers_beyond_a_double_are_labels_of_their_own(spark):
    labels = ("5", "9007199254740992", "9007199254740993", "12345678901234567.5")
    problem = LearningTask("multiclass", "n`.", labels)
    for stored, expected in {
        "bigint": [1.0, 2.0, -1.0, 0.0, None],
        "decimal(38,10)": [1.0, 2.0, -1.0, 0.0, None],
    }.items():
        cells = [("9007199254740992",), ("9007199254740993",), ("9007199254740994",), ("5",), (None,)]
        rows = spark.createDataFrame(cells, "t string").select(F.col("t").cast(stored).alias("n`."))
        kind = rows.schema[0].dataType
        assert [row[0] for row in rows.select(label(problem, NUMBER, "UTC", kind)).collect()] == expected
    half = spark.range(1).select(F.lit(Decimal("12345678901234567.5")).alias("n`."))
    assert half.select(label(problem, NUMBER, "UTC", half.schema[0].dataType)).first()[0] == 3.0
