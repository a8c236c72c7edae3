# Databricks notebook source
# MAGIC %md
# MAGIC # How late will a flight arrive?
# MAGIC The whole way on the 336,776 flights that left New York in 2013: profile, plan, train, look, promote, score, and what the
# MAGIC tables know afterwards. `make demo` does the same in one command.
# MAGIC
# MAGIC The data is written by `make data/flights.csv`; this notebook then runs with `python notebooks/flights.py`. On a cluster,
# MAGIC install the package first (`%pip install ..`) and let `source` name a file that the cluster can read.

# COMMAND ----------

from pathlib import Path

import spark_jobs

spark = spark_jobs.open_session()

# COMMAND ----------

# MAGIC %md
# MAGIC ## What is asked
# MAGIC `source` and `target` are a complete spec. The key lets later runs know a flight again, and four columns are left out because
# MAGIC they are known only once the plane is under way: a model that reads them is good on paper alone.

# COMMAND ----------

source = Path("data/flights.csv").resolve().as_uri()
spec = spark_jobs.parse(
    {
        "source": source,
        "target": "arr_delay",
        "key": ["carrier", "flight", "time_hour"],
        "columns": {"ignore": ["dep_time", "dep_delay", "arr_time", "air_time"]},
    }
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## What the table holds

# COMMAND ----------

profile = spark_jobs.make_profile(spec)
print(profile)

# COMMAND ----------

# MAGIC %md
# MAGIC ## What a training would do, and why
# MAGIC Nothing is fitted yet. To change a decision, say otherwise in the spec.

# COMMAND ----------

plan = spark_jobs.make_plan(spec)
print(plan)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Train
# MAGIC The new model is registered as the challenger. The report is one HTML file that needs nothing else; it is among the run's
# MAGIC artifacts in MLflow too.

# COMMAND ----------

trained = spark_jobs.train(spec)
print(trained)

# COMMAND ----------

report = trained.report
print(report)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Promote
# MAGIC The challenger becomes the champion where the gate agrees: no worse than the champion there is, and within the bounds that
# MAGIC the spec sets.

# COMMAND ----------

promoted = spark_jobs.promote(spec)
print(promoted)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Score
# MAGIC By the champion, into a Delta table. Scoring the same input again adds nothing.

# COMMAND ----------

scored = spark_jobs.score(spec)
print(scored)

# COMMAND ----------

again = spark_jobs.score(spec)
print(again)

# COMMAND ----------

predictions = spark.read.format("delta").load(scored.tables["flights_predictions"])
predictions.select("carrier", "flight", "time_hour", "arr_delay", "prediction", "_model_version").show(5)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The ledger
# MAGIC One row per run of a job: what was read and written, by which version, and how it ended.

# COMMAND ----------

ledger = spark.read.format("delta").load(scored.tables["ledger"])
columns = ["job", "status", "model_version", "read", "written", "duplicates", "note"]
ledger.orderBy("started").select(*columns).show(truncate=40)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Use the model in a notebook

# COMMAND ----------

model = spark_jobs.load_model("flights@champion")
print(model.importances)

# COMMAND ----------

flights = spark.read.csv(source, header=True).where("dest = 'SFO'")
answers = model.predict(flights.drop("arr_delay"))
answers.groupBy("carrier").agg({"prediction": "avg"}).orderBy("carrier").show()
