"""(a) The job as tutorials teach it: Spark ML step by step, MLflow's own model logging, Delta.

Run as `python -m benchmarks.peers.tutorial CSV ROOT`; the last line of its output is JSON.
"""

from __future__ import annotations

import json
import sys
import time

NUMERIC = ["month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance", "hour", "minute"]
CATEGORICAL = ["carrier", "origin", "dest"]
TARGET = "arr_delay"


def main(path: str, root: str) -> None:
    """Train, evaluate, log and score, with the seconds of each phase."""
    marks: dict[str, float] = {}
    last = time.monotonic()

    def mark(name: str) -> None:
        nonlocal last
        now = time.monotonic()
        marks[name], last = round(now - last, 2), now

    import mlflow
    import mlflow.spark
    from pyspark.ml import Pipeline
    from pyspark.ml.evaluation import RegressionEvaluator
    from pyspark.ml.feature import Imputer, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
    from pyspark.ml.regression import LinearRegression
    from pyspark.sql import functions as F

    from benchmarks.peers.plain import jobs_so_far, session

    mark("imports")
    spark = session()
    mark("session")
    flights = spark.read.csv(path, header=True, inferSchema=True, nullValue="NA")
    print("rows:", flights.count())
    mark("read")

    clean = flights.dropDuplicates().na.drop(subset=[TARGET])
    for name in [*NUMERIC, TARGET]:
        clean = clean.withColumn(name, F.col(name).cast("double"))
    for name in NUMERIC:
        q1, q3 = clean.approxQuantile(name, [0.25, 0.75], 0.01)
        low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
        clean = clean.filter(F.col(name).isNull() | F.col(name).between(low, high))
    print("rows after cleaning:", clean.count())
    mark("clean")

    train, test = clean.randomSplit([0.8, 0.2], seed=42)
    filled = [f"{name}_filled" for name in NUMERIC]
    indexed = [f"{name}_index" for name in CATEGORICAL]
    encoded = [f"{name}_vector" for name in CATEGORICAL]
    stages = [
        Imputer(strategy="median", inputCols=NUMERIC, outputCols=filled),
        *(
            StringIndexer(inputCol=c, outputCol=i, handleInvalid="keep")
            for c, i in zip(CATEGORICAL, indexed, strict=True)
        ),
        OneHotEncoder(inputCols=indexed, outputCols=encoded),
        VectorAssembler(inputCols=filled, outputCol="numbers"),
        StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True, withStd=True),
        VectorAssembler(inputCols=["scaled", *encoded], outputCol="features"),
        LinearRegression(featuresCol="features", labelCol=TARGET),
    ]
    model = Pipeline(stages=stages).fit(train)
    mark("fit")

    predictions = model.transform(test)
    metrics = {
        name: RegressionEvaluator(labelCol=TARGET, predictionCol="prediction", metricName=name).evaluate(predictions)
        for name in ("rmse", "mae", "r2")
    }
    mark("evaluate")

    mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
    mlflow.create_experiment("flights", artifact_location=f"file://{root}/artifacts")
    mlflow.set_experiment("flights")
    with mlflow.start_run():
        mlflow.log_params({"model": "LinearRegression", "split": 0.8})
        mlflow.log_metrics(metrics)
        mlflow.spark.log_model(model, "model", registered_model_name="flights")
    mark("mlflow")

    scored = model.transform(flights.dropDuplicates())
    scored.drop("numbers", "scaled", "features", *filled, *indexed, *encoded).write.format("delta").mode(
        "overwrite"
    ).save(f"{root}/predictions")
    mark("score")
    print(json.dumps({"metrics": metrics, "seconds": marks, "jobs": jobs_so_far(spark)}))
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
