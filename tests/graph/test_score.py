"""Forty pipelines on rows of hypothesis and on adversarial ones: Spark, the graph here and the graph in Spark agree."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from generated_rows import as_feed, as_table, drawn_rows
from pipelines import CASES, KINDS, LONG, ODD, SHORT, TABLE
from pyspark.sql import Observation
from pyspark.sql import functions as F

from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.checks.unseen import COUNTS, count_unseen, sum_counts
from spark_jobs.graph.adversarial import KIND, adversarial_rows
from spark_jobs.graph.score import graph_predictions, sending
from spark_jobs.pipeline.feature_pipeline import predictions

DRAWN = 250
BY_NAME = [*SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)]


@pytest.fixture(scope="module")
def drawn():
    return drawn_rows(DRAWN, 20)


def rows_for(made, drawn):
    """Drawn rows and adversarial ones, less those that the model does not take."""
    trials = adversarial_rows(made.plan, made.folder, made.compiled.model, made.compiled.sentinel).drop_columns([KIND])
    rows = [{name: row[name] for name in made.plan.used} for row in drawn] + trials.to_pylist()
    said = run(made, rows)
    finite = np.all([np.isfinite(values) for values in columns_of(said)], axis=0)
    return [row for row, taken in zip(rows, said["valid"] | ~finite, strict=True) if taken]


def run(made, rows):
    """What ONNX Runtime says, by the names of the outputs."""
    import onnxruntime

    session = onnxruntime.InferenceSession(made.compiled.model.SerializeToString())
    found = session.run(None, as_feed(rows, made.plan.used, made.compiled.sentinel))
    return dict(zip((one.name for one in session.get_outputs()), found, strict=True))


def columns_of(said):
    """The numbers of an answer, column by column."""
    return [
        column
        for name, values in said.items()
        if name != "valid" and values.dtype.kind == "f"
        for column in values.reshape(len(values), -1).T
    ]


def spark_says(spark, made, rows):
    """The answers of the pipeline (`p_…`) and of the graph run in Spark (`g_…`), row by row."""
    used = list(made.plan.used)
    asked = as_table(rows, used).append_column("⟨id⟩", [list(range(len(rows)))])
    pipeline = predictions(made.compiled.loaded, made.plan.problem, spark.createDataFrame(asked))
    told = [flat(name).alias(f"⟨{name}⟩") for name in pipeline.columns if name != "_row"]
    scored = pipeline.select("_row.*", *told)
    graph = bytes(made.compiled.model.SerializeToString())
    said = graph_predictions(graph, made.plan, scored, made.compiled.sentinel)
    names = [name for name in said.columns if name not in ("_row", "valid")]
    assert names == [name for name in pipeline.columns if name != "_row"]
    found = said.select(
        F.col("_row.⟨id⟩").alias("id"),
        "valid",
        *[F.col(f"_row.⟨{name}⟩").alias(f"p_{name}") for name in names],
        *[flat(name).alias(f"g_{name}") for name in names],
    ).toArrow()
    return {name: found.column(name).to_pylist() for name in found.sort_by("id").column_names}


def flat(name):
    return F.map_values(name).alias(name) if name == "probabilities" else F.col(name)


def far(one, other, bound):
    """Where two arrays of numbers are further apart than the bound, absolute or relative."""
    one, other = np.array(one, dtype=float), np.array(other, dtype=float)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - other) <= bound * np.maximum(1.0, np.abs(one))
    return ~(near | (one == other) | (np.isnan(one) & np.isnan(other)))


def check_numbers(rows, said, got, bound):
    """Numbers of the pipeline, of the graph in Spark and of the graph here."""
    finite = np.isfinite(np.array(got["p_prediction"]))
    assert finite.tolist() == said["valid"].tolist() == got["valid"]
    for other in (got["g_prediction"], said["prediction"]):
        wrong = far(got["p_prediction"], other, bound) & finite
        assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]


def check_classes(rows, said, got, bound, labels):
    """Labels, but for a tie of their scores, and shares."""
    assert said["valid"].tolist() == got["valid"]
    scores = scores_of(got)
    finite = np.isfinite(scores).all(axis=1)
    assert (finite | ~said["valid"]).all()
    top = np.sort(scores, axis=1)
    tie = ~far(top[:, -1], top[:, -2], bound)
    for other in (got["g_prediction"], said["prediction"]):
        wrong = (np.array(got["p_prediction"]) != np.array(other)) & finite & ~tie
        assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]
    for name in ("probabilities", "probability", "margin"):
        if f"p_{name}" in got and got[f"p_{name}"][0] is not None:
            ours = said.get(name, said.get("probabilities", np.zeros((0, 2)))[:, 1] if name == "probability" else None)
            for other in (got[f"g_{name}"], ours):
                wrong = far(got[f"p_{name}"], np.stack(other), bound).reshape(len(rows), -1).any(axis=1) & finite
                assert not wrong.any(), rows[int(np.flatnonzero(wrong)[0])]
    assert set(said["prediction"]) <= set(labels)


def scores_of(got):
    """The scores of the classes as the pipeline says them; where it says none, such as tie nowhere."""
    if got["p_probabilities"][0] is not None:
        return np.array(got["p_probabilities"], dtype=float)
    if "p_margin" in got:
        return np.stack([-np.array(got["p_margin"]), np.array(got["p_margin"])], axis=1)
    return np.tile([0.0, 1.0], (len(got["valid"]), 1))


@pytest.mark.parametrize("pipeline", BY_NAME)
def test_the_graph_says_what_the_pipeline_says_here_and_in_spark(spark, pipelines, drawn, pipeline):
    made = pipelines[pipeline]
    more = drawn if pipeline in SHORT else drawn + drawn_rows(4 * DRAWN, 21)
    rows = rows_for(made, more)
    assert len(rows) > 500
    said = run(made, rows)
    spark.conf.set("spark.sql.session.timeZone", "Pacific/Chatham")
    got = spark_says(spark, made, rows)
    bound = 1e-5 if CASES[pipeline].model == "xgboost" else 1e-9
    labels = made.plan.problem.labels
    assert np.mean(said["valid"]) > 0.7
    if labels:
        check_classes(rows, said, got, bound, labels)
    else:
        check_numbers(rows, said, got, bound)


def test_a_text_longer_than_any_level_goes_as_a_short_one_and_stays_what_it_was(spark, pipelines):
    made = pipelines["logistic, balanced, min-max"]
    one = next(one for one in made.plan.categories if made.plan.type_of(one.column).cells == "text")
    level = one.levels[0]
    longest = max(one.levels, key=len)
    texts = [level, " " * 400 + level + " " * 300, level + "x" * 500, "x" * 5000, level + " " * 300]
    texts += [longest, longest + " " + "x" * 500, longest + "x" * 500, " " * 300, "ö" * 200]
    usual = TABLE.select(list(made.plan.used)).to_pylist()[0]
    asked = as_table([{**usual, one.column: text} for text in texts], made.plan.used)
    rows = spark.createDataFrame(asked)
    graph = bytes(made.compiled.model.SerializeToString())
    with sending(spark, made.plan):
        assert spark.conf.get("spark.sql.execution.arrow.maxBytesPerBatch") == "2147483647"
        scored = graph_predictions(graph, made.plan, rows, made.compiled.sentinel)
        found = [row.probability for row in scored.collect()]
    wanted = [row.probability for row in predictions(made.compiled.loaded, made.plan.problem, rows).collect()]
    assert found == pytest.approx(wanted, rel=1e-9)
    assert len({round(share, 9) for share in wanted}) == 3, "a level, another and what was never seen"
    assert spark.conf.get("spark.sql.execution.arrow.maxBytesPerBatch") != "2147483647"


def test_cells_that_are_text_are_read_as_the_pipeline_reads_them(spark, pipelines, drawn):
    """As a CSV brings them: numbers, booleans, days and moments in words, and cells that are none."""
    made = pipelines["tree, scaled, by the clock"]
    rows = [{name: row[name] for name in made.plan.used} for row in drawn if not_odd(row)][:80]
    assert len(rows) > 40
    texts = [{name: None if cell is None else as_text(cell) for name, cell in row.items()} for row in rows]
    told = spark.createDataFrame(
        pa.Table.from_pylist(texts, pa.schema([(name, pa.string()) for name in made.plan.used]))
    )
    found = graph_predictions(bytes(made.compiled.model.SerializeToString()), made.plan, told, made.compiled.sentinel)
    wanted = predictions(made.compiled.loaded, made.plan.problem, told)
    ours, theirs = (one.select("prediction").toArrow().column(0).to_pylist() for one in (found, wanted))
    assert ours == theirs == run(made, rows)["prediction"].tolist()
    assert len(set(ours)) > 3


def not_odd(row):
    return all(not isinstance(cell, float) or np.isfinite(cell) for cell in row.values())


def as_text(cell):
    return (
        str(cell).lower() if isinstance(cell, bool) else cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
    )


def test_no_rows_and_partitions_without_rows_are_scored(spark, pipelines, drawn):
    for name in ("logistic, balanced, min-max", "svm, two classes"):
        made = pipelines[name]
        table = as_table(drawn[:3], made.plan.used)
        graph = bytes(made.compiled.model.SerializeToString())
        rows = spark.createDataFrame(table).repartition(8)
        assert graph_predictions(graph, made.plan, rows, made.compiled.sentinel).count() == 3
        none = graph_predictions(graph, made.plan, rows.where("false"), made.compiled.sentinel)
        assert none.toArrow().num_rows == 0
        assert "prediction" in none.columns


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_what_training_had_not_seen_is_counted_on_the_way_as_by_a_pass(spark, pipelines, parts):
    made = pipelines["logistic, balanced, min-max"]
    usual = TABLE.select(list(made.plan.used)).to_pylist()[:50]
    city, price = usual[0]["city"], ODD
    rows = [row | {"city": city, price: float(place)} for place, row in enumerate(usual)]
    rows[3]["city"], rows[4]["city"], rows[5]["city"], rows[6]["city"] = None, "x" * 400, f" {city} ", "Atlantis"
    rows[7][price], rows[8][price] = None, -1.0
    known = TrainingDomain({"city": frozenset({city, "y" * 300})}, {price: (0.0, 40.0)})
    seen = Observation()

    def keep_valid(answered, answer):
        return answered.observe(seen, F.collect_list(F.col(answer)[COUNTS]).alias("counts"))

    told = spark.createDataFrame(as_table(rows, made.plan.used)).repartition(parts)
    graph, sentinel = bytes(made.compiled.model.SerializeToString()), made.compiled.sentinel
    with_limit(spark, lambda: graph_predictions(graph, made.plan, told, sentinel, keep_valid, known).toArrow())
    expected = {("unseen", "city"): 2, ("outside", price): 1 + 9}
    assert sum_counts(known, seen.get["counts"]) == count_unseen(known, told) == expected


def with_limit(spark, work):
    """Batches of seven rows, so that there are several in a part."""
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 7)
    try:
        work()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_a_real_text_that_is_the_sentinel_is_not_null(spark, pipelines):
    """Null has a level of its own here; the sentinel as a real text is what was never seen."""
    made = pipelines["logistic, balanced, min-max"]
    sentinel = made.compiled.sentinel
    usual = TABLE.select(list(KINDS)).to_pylist()[40]
    rows = [usual | {"city": city} for city in (None, sentinel, "never seen", f" {sentinel} ")]
    graph = bytes(made.compiled.model.SerializeToString())
    told = spark.createDataFrame(as_table(rows, made.plan.used))
    found = graph_predictions(graph, made.plan, told, sentinel).select("probability").toArrow().column(0).to_pylist()
    assert found[1] == found[2] == found[3]
    assert found[0] != found[1]
