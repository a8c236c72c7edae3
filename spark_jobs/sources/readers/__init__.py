"""The readers of the built-in kinds of source, which need pyspark; `spark_jobs.sources.kinds` declares the kinds."""
