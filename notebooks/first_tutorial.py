# Databricks notebook source
# MAGIC %md
# MAGIC # A first model
# MAGIC What a first tutorial of Spark ML does: read a CSV, hold a fifth of the rows back, fit a linear regression, look at
# MAGIC its mean squared error, save the model, load it again, predict. Cleaning, encoding and scaling come along.
# MAGIC
# MAGIC It runs as it is with `python notebooks/first_tutorial.py`. On a cluster, install the package first: `%pip install ..`

# COMMAND ----------

from pathlib import Path

import spark_jobs
from pyspark.ml import PipelineModel
from pyspark.sql import functions as F

spark = spark_jobs.open_session()

# COMMAND ----------

# MAGIC %md
# MAGIC ## The data
# MAGIC Name a CSV file of your own, with the column to predict as `target`. Where there is none, one is made: two numbers, a
# MAGIC category, and a target that is 3 · length − 2 · width, 5 more where the colour is red, and some noise of variance 1.

# COMMAND ----------

file = Path("data/first_tutorial.csv").resolve()
path, target = file.as_uri(), "target"

if not file.exists():
    colours = F.array(F.lit("red"), F.lit("green"), F.lit("blue"))
    made = spark.range(2000).select(
        F.round(10 * F.rand(1), 3).alias("length"),
        F.round(10 * F.rand(2), 3).alias("width"),
        F.element_at(colours, (F.rand(3) * 3).cast("int") + 1).alias("colour"),
    )
    red = F.when(F.col("colour") == "red", 5.0).otherwise(0.0)
    made = made.withColumn(target, F.round(3 * F.col("length") - 2 * F.col("width") + red + F.randn(4), 3))
    made.coalesce(1).write.csv(path, header=True)

spark.read.csv(path, header=True).show(5)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Train
# MAGIC Which rows test the model is decided by a hash of the row and the seed: the same rows, whatever their order.
# MAGIC `source` and `target` would do; the rest says what are the defaults anyway.

# COMMAND ----------

trained = spark_jobs.train(
    source=path,
    target=target,
    task="regression",
    split={"test": 0.2, "seed": 42},
    model={"kind": "linear"},
)
print(trained)

# COMMAND ----------

mse = trained.metrics["mse"]
print(f"Mean squared error of {trained.rows['tested']} rows that the model had not seen: {mse:.4f}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Load and predict
# MAGIC The model was saved and registered as the training ended. `load_model` checks its files and loads it.

# COMMAND ----------

model = spark_jobs.load_model(trained)
rows = spark.read.csv(path, header=True).drop(target).limit(5)
predicted = model.predict(rows)
predicted.show()

# COMMAND ----------

# MAGIC %md
# MAGIC What is saved are ordinary Spark ML stages: without this package they load, and predict the same.

# COMMAND ----------

plain = PipelineModel.load(f"{trained.bundle}/pipeline")
plain.transform(rows).select("_row.*", "prediction").show()
