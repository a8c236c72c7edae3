"""A pipeline's folder is the one that Spark itself would write, and stages come back from it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer, StringIndexerModel, VectorAssembler

from spark_jobs.bundle.stages import read_pipeline
from spark_jobs.pipeline.persistence import PipelineSaver, load_pipeline, save_pipeline


def stages(count):
    doubled = [SQLTransformer(statement=f"SELECT *, x * {n} AS x{n} FROM __THIS__") for n in range(count - 2)]
    indexed = StringIndexerModel.from_labels(["b", "a"], "kind", "index", handleInvalid="keep")
    return [*doubled, indexed, VectorAssembler(inputCols=["x", "index"], outputCol="features")]


def metadata(folder):
    (part,) = (folder / "metadata").glob("part-*")
    return json.loads(part.read_text(encoding="utf-8"))


def without_uid(found):
    return {key: value for key, value in found.items() if key not in ("uid", "timestamp")}


@pytest.mark.parametrize("count", [3, 12])
def test_the_folder_is_what_spark_writes_and_spark_reads_it(spark, tmp_path, count):
    pipeline = PipelineModel(stages(count))
    loaded = save_pipeline(pipeline, tmp_path / "ours", spark)
    pipeline.write().save(str(tmp_path / "theirs"))
    assert without_uid(metadata(tmp_path / "ours")) == without_uid(metadata(tmp_path / "theirs"))
    places = [sorted(each.name for each in (tmp_path / one / "stages").iterdir()) for one in ("ours", "theirs")]
    assert places[0] == places[1]
    rows = spark.createDataFrame([(1.0, "a"), (2.0, "b"), (3.0, "new")], "x double, kind string")
    expected = [[1.0, 1.0], [2.0, 0.0], [3.0, 2.0]]
    for each in (loaded, load_pipeline(tmp_path / "ours", spark), PipelineModel.load(str(tmp_path / "ours"))):
        assert [row.features.toArray().tolist() for row in each.transform(rows).collect()] == expected
    assert [stage.kind for stage in read_pipeline(tmp_path / "ours")][-1] == "VectorAssembler"


def test_what_need_not_be_loaded_again_is_handed_back_as_it_was_given(spark, tmp_path):
    given = stages(3)
    with ThreadPoolExecutor(1) as pool:
        saver = PipelineSaver(tmp_path / "pipeline", spark, pool, 3, load=False)
        saver.save(*given)
        assert saver.finish().stages == given
    assert len(read_pipeline(tmp_path / "pipeline")) == 3


def test_a_pipeline_that_was_cut_off_leaves_nothing_to_the_next(spark, tmp_path):
    folder = tmp_path / "pipeline"
    save_pipeline(PipelineModel(stages(4)), folder, spark)
    with ThreadPoolExecutor(1) as pool:
        saver = PipelineSaver(folder, spark, pool, 3)
        saver.save(*stages(3)[:2])
        with pytest.raises(ValueError, match="2 stages were saved, expected 3"):
            saver.finish()
    assert not (folder / "metadata").exists(), "half a pipeline is none"
    assert len(list((folder / "stages").iterdir())) == 2
