"""The environment of a run: one file of `conf/env`, and the Spark settings that it may contain."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from spark_jobs.spec.fields import Scalar, SpecModel, Text, mistake

ALLOWED = ("spark.sql.", "spark.executor.", "spark.hadoop.fs.")
ALLOWED_WHOLE = ("spark.driver.memory", "spark.driver.cores", "spark.default.parallelism")
# Settings that load code or pass JVM options would let an environment file execute arbitrary code.
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
            f"`{key[:100]}` may not be set here: allowed are {', '.join(f'{prefix}*' for prefix in ALLOWED)} and "
            f"{', '.join(ALLOWED_WHOLE)}, except settings that load code."
        )
    return key


Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}[kmgtKMGT]$")]
SparkKey = Annotated[str, AfterValidator(_is_allowed)]


class Environment(SpecModel):
    """Where and how jobs run: one file of `conf/env`."""

    name: Text = Field(default="local", description="The environment's name: its file's name without the extension.")
    root: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        default="./spark-jobs-data", description="The folder for tables, runs, artifacts and bundles."
    )
    master: str | None = Field(
        default="local[*]", description="Spark's master URL; null if spark-submit or a platform sets it."
    )
    memory: Memory = Field(default="4g", description="Memory of the Spark driver, such as `4g`.")
    spark: dict[SparkKey, Scalar] = Field(
        default_factory=dict, description="Additional Spark settings; only settings on an allow-list are accepted."
    )
