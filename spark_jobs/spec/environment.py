"""Where and how to run: one file of conf/env, and the Spark settings that such a file may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from spark_jobs.spec.fields import Scalar, SpecModel, Text, mistake

ALLOWED = ("spark.sql.", "spark.executor.", "spark.hadoop.fs.")
ALLOWED_WHOLE = ("spark.driver.memory", "spark.driver.cores", "spark.default.parallelism")
# Settings that name code to load, or options of a JVM: whoever writes them runs anything.
REFUSED = (
    "spark.executor.defaultJavaOptions",
    "spark.executor.extraClassPath",
    "spark.executor.extraJavaOptions",
    "spark.executor.extraLibraryPath",
    "spark.executor.plugins",
    "spark.sql.cache.serializer",
    "spark.sql.catalog.",
    "spark.sql.catalogImplementation",
    "spark.sql.columnVector.offheap",
    "spark.sql.defaultCatalog",
    "spark.sql.extensions",
    "spark.sql.hive.",
    "spark.sql.queryExecutionListeners",
    "spark.sql.redaction.",
    "spark.sql.sources.commitProtocolClass",
    "spark.sql.streaming.checkpointFileManagerClass",
    "spark.sql.streaming.stateStore.providerClass",
    "spark.sql.streaming.streamingQueryListeners",
)


def _is_allowed(key: str) -> str:
    folded = key.casefold()
    allowed = folded in {name.casefold() for name in ALLOWED_WHOLE} or folded.startswith(ALLOWED)
    if not allowed or folded.startswith(tuple(prefix.casefold() for prefix in REFUSED)) or "\0" in key:
        raise mistake(
            f"`{key[:100]}` may not be set here: only {', '.join(f'{prefix}*' for prefix in ALLOWED)} and "
            f"{', '.join(ALLOWED_WHOLE)}, and of those none that names code to load."
        )
    return key


Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}[kmgtKMGT]$")]
SparkKey = Annotated[str, AfterValidator(_is_allowed)]


class Environment(SpecModel):
    """Where and how to run: one file of conf/env."""

    name: Text = Field(default="local", description="The file's name.")
    root: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        default="./spark-jobs-data", description="The folder of tables, runs, artefacts and bundles."
    )
    master: str | None = Field(
        default="local[*]", description="Spark's master; null where spark-submit or a platform says it."
    )
    memory: Memory = Field(default="4g", description="The driver's memory, such as 4g.")
    spark: dict[SparkKey, Scalar] = Field(default_factory=dict, description="Spark settings, from an allow-list.")
