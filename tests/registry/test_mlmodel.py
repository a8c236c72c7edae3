from __future__ import annotations

from spark_jobs.bundle import Manifest, write
from spark_jobs.registry import Signature, Tracking, Training, connect, log_training, start_run


def test_mlflows_own_loaders_read_the_model_and_predict(spark, tmp_path):
    import mlflow
    import pandas as pd
    from pyspark.ml import PipelineModel
    from pyspark.ml.feature import SQLTransformer

    cast = "SELECT struct(*) AS _row, try_cast(`a b` AS DOUBLE) * 2 + length(`c.d`) AS prediction FROM __THIS__"
    PipelineModel([SQLTransformer(statement=cast)]).write().save(str(tmp_path / "saved"))
    write(tmp_path / "draft", Manifest(), {"plan.json": "{}", "pipeline": tmp_path / "saved"})
    tracking = Tracking("sqlite", str(tmp_path))
    signature = Signature({"a b": "double", "c.d": "string"}, "double", [[1.0, "x"]])
    version = log_training(tracking, start_run(tracking, "e", "k"), Training("m", tmp_path / "draft", signature))

    place = connect(tracking).get_model_version_download_uri("m", str(version.version))
    rows = pd.DataFrame({"a b": [1.5, None], "c.d": ["xyz", "x"]})
    predicted = mlflow.pyfunc.load_model(place).predict(rows)
    assert predicted[0] == 1.5 * 2 + 3
    assert predicted[1] is None
    model = mlflow.spark.load_model(place, dfs_tmpdir=str(tmp_path / "dfs"))
    assert [row["prediction"] for row in model.transform(spark.createDataFrame(rows[:1])).collect()] == [6.0]
