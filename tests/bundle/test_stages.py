"""Saved stages, read without Spark."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from spark_jobs.bundle.stages import matrix, read_pipeline, read_stage, vector
from spark_jobs.errors import JobError


def saved(folder, name, kind="org.apache.spark.ml.feature.Binarizer", rows=None, **params):
    """A stage as Spark writes it."""
    stage = folder / name
    (stage / "metadata").mkdir(parents=True)
    found = {"class": kind, "uid": name, "paramMap": params, "defaultParamMap": {"threshold": 0.0}, "numClasses": 3}
    (stage / "metadata" / "part-00000").write_text(json.dumps(found), encoding="utf-8")
    if rows is not None:
        (stage / "data").mkdir()
        parquet.write_table(pa.Table.from_pylist(rows), stage / "data" / "part-00000.parquet")
    return stage


def test_a_stage_has_its_parameters_with_the_defaults_and_what_else_it_wrote(tmp_path):
    stage = read_stage(saved(tmp_path, "one", inputCol="a", outputCol="b"))
    assert (stage.kind, stage.inputs, stage.outputs) == ("Binarizer", ["a"], ["b"])
    assert stage.params["threshold"] == 0.0
    assert stage.extra["numClasses"] == 3
    stage.expect(threshold=0.0, inputCol="a", absent=None)
    stage.expect_columns(["a"], ["b"])
    stage.expect_classes(3, 3)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("org.apache.spark.ml.feature.Binarizer", "Binarizer"),
        ("pyspark.ml.pipeline.PipelineModel", "PipelineModel"),
        ("xgboost.spark.estimator.SparkXGBClassifierModel", "SparkXGBClassifierModel"),
        ("com.example.Binarizer", "com.example.Binarizer"),
        ("org.apache.spark.mlx.Binarizer", "org.apache.spark.mlx.Binarizer"),
        ("Binarizer", "Binarizer"),
    ],
)
def test_a_class_goes_by_its_short_name_only_where_its_package_is_known(tmp_path, name, kind):
    assert read_stage(saved(tmp_path, "one", name)).kind == kind


def test_what_is_not_as_expected_is_refused_with_the_stages_name(tmp_path):
    stage = read_stage(saved(tmp_path, "one", inputCol="a", outputCol="b", rows=[{"mean": 1.0}]))
    refusals = {
        "has threshold=0.0, not 0.5": lambda: stage.expect(threshold=0.5),
        "has threshold=0.0, not nan": lambda: stage.expect(threshold=float("nan")),
        "maps a → b, not a → c": lambda: stage.expect_columns(["a"], ["c"]),
        "is a Binarizer, not a Bucketizer or Imputer": lambda: stage.expect_kind("Bucketizer", "Imputer"),
        "has 3 classes, the plan 4": lambda: stage.expect_classes(3, 4),
        "has no mode": lambda: stage.row()["mode"],
        "has no inputCols": lambda: stage.params["inputCols"],
    }
    for words, ask in refusals.items():
        with pytest.raises(JobError) as refused:
            ask()
        assert refused.value.message == f"The saved stage one {words}."
        assert refused.value.advice


def test_missing_is_what_is_expected_where_both_are_nan(tmp_path):
    read_stage(saved(tmp_path, "one", missing=float("nan"))).expect(missing=float("nan"))


def test_fitted_numbers_that_are_not_one_row_are_refused(tmp_path):
    for name, rows in (("none", None), ("two", [{"a": 1}, {"a": 2}])):
        with pytest.raises(JobError, match=r"must have one row\. Got"):
            read_stage(saved(tmp_path, name, rows=rows)).row()


def test_stages_come_in_the_order_of_the_pipeline_also_where_there_are_more_than_ten(tmp_path):
    uids = [f"stage_{one}" for one in range(12)]
    for place, uid in enumerate(uids):
        saved(tmp_path / "stages", f"{place:02d}_{uid}", outputCol=str(place))
    saved(tmp_path, ".", "org.apache.spark.ml.PipelineModel", stageUids=uids)
    assert [stage.outputs for stage in read_pipeline(tmp_path)] == [[str(place)] for place in range(12)]


def test_what_is_no_pipeline_or_is_malformed_is_refused(tmp_path):
    with pytest.raises(JobError, match="is not a saved Spark pipeline"):
        read_pipeline(tmp_path / "nothing")
    with pytest.raises(JobError, match="is not a saved Spark pipeline"):
        read_pipeline(saved(tmp_path, "one"))
    malformed = saved(tmp_path, "two")
    (malformed / "metadata" / "part-00000").write_text('{"class": "org', encoding="utf-8")
    with pytest.raises(JobError, match="is malformed"):
        read_pipeline(malformed)


def test_vectors_and_matrices_are_read_however_they_are_stored():
    assert vector({"type": 1, "values": [1.0, 2.0]}).tolist() == [1.0, 2.0]
    assert vector({"type": 0, "size": 4, "indices": [1, 3], "values": [5.0, 6.0]}).tolist() == [0.0, 5.0, 0.0, 6.0]
    wanted = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 4.0]])
    by_columns = {"type": 1, "numRows": 2, "numCols": 3, "values": [1, 0, 0, 3, 2, 4], "isTransposed": False}
    by_rows = {"type": 1, "numRows": 2, "numCols": 3, "values": [1, 0, 2, 0, 3, 4], "isTransposed": True}
    sparse = {"type": 0, "numRows": 2, "numCols": 3, "isTransposed": False, "colPtrs": [0, 1, 2, 4]}
    sparse |= {"rowIndices": [0, 1, 0, 1], "values": [1, 3, 2, 4]}
    flipped = {"type": 0, "numRows": 2, "numCols": 3, "isTransposed": True, "colPtrs": [0, 2, 4]}
    flipped |= {"rowIndices": [0, 2, 1, 2], "values": [1, 2, 3, 4]}
    for stored in (by_columns, by_rows, sparse, flipped):
        np.testing.assert_array_equal(matrix(stored), wanted)


def test_a_text_of_10_mib_that_was_cut_into_lines_is_whole_again(tmp_path):
    stage = read_stage(saved(tmp_path, "one"))
    whole = json.dumps({"left_children": list(range(1_500_000)), "name": "Zürich"}, ensure_ascii=False)
    assert len(whole) > 10 * 2**20
    lines = [whole[start : start + 4 * 2**20] for start in range(0, len(whole), 4 * 2**20)]
    (stage.folder / "model").mkdir()
    for number, part in enumerate((lines[:2], lines[2:])):
        text = "".join(f"{line}\n" for line in part)
        (stage.folder / "model" / f"part-{number:05d}").write_text(text, encoding="utf-8")
    assert stage.text("model") == whole
