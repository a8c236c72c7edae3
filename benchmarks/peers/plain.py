"""The session of the hand-written Spark jobs: Delta from cached jars, and else what tutorials set."""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

from spark_jobs.runtime import jars


def session() -> SparkSession:
    """A local session with four gigabytes, started as most programs do."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.appName("tutorial")
        .master("local[*]")
        .config("spark.driver.memory", "4g")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.jars", ",".join(str(path) for path in jars.fetch()))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def jobs_so_far(spark: SparkSession) -> int:
    """How many Spark jobs this session has run."""
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())
