"""From a champion to predictions: score a table or a stream, and maintain the tables."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Unpack

from spark_jobs.api.arguments import AnyEnvironment, AnySpec, SpecKeys, with_spec_keys
from spark_jobs.api.call import run_job
from spark_jobs.results.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession


@with_spec_keys
def score(
    spec: AnySpec | None = None,
    *,
    input: str | PathLike[str] | DataFrame | pd.DataFrame | None = None,
    version: int | None = None,
    rescore: bool = False,
    replay: str | None = None,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Score a table and add the predictions to their Delta table; the same input again adds nothing.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        input: the rows to score: a path, or a DataFrame of Spark or pandas; by default the spec's source. The target
            may be absent.
        version: the model's version; by default the champion.
        rescore: score again what this version has scored already.
        replay: a batch with rows in quarantine; those that meet the checks by now are scored.

    Returns:
        The result: `rows` by fate, `tables` with the place of the predictions.

    Raises:
        DataError: the input lacks a column that the model reads, or breaks a check of severity `fail`.
        JobError: there is no such version, or no champion, or no such batch.

    Example:
        spark_jobs.score("conf/flights.yml", input="data/new.csv")
    """
    return run_job("score", spec, spark, env, keys, input=input, version=version, rescore=rescore, replay=replay)


@with_spec_keys
def stream(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Score what arrives at a source, each row once, until it is stopped.

    Interrupt the kernel, or press Ctrl-C, to stop after the current micro-batch. The key `stream` is the spec's:
    with `{"trigger": "available_now"}` the call ends when all that is there is scored.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.

    Returns:
        The result: `rows` by fate, `tables` with the place of the predictions.

    Raises:
        SpecError: the source does not grow.
        JobError: there is no champion, or another stream of that name runs.

    Example:
        spark_jobs.stream("conf/flights.yml", stream={"trigger": "available_now"})
    """
    return run_job("stream", spec, spark, env, keys)


@with_spec_keys
def maintain(
    spec: AnySpec | None = None,
    *,
    dry_run: bool = False,
    keep: int | None = None,
    break_readers: bool = False,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Join small files of predictions, quarantine and ledger, and delete those that no version of the last days uses.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        dry_run: report what would be deleted, and change nothing.
        keep: for how many days; by default what the table says, or 7.
        break_readers: allow fewer days than 7: a reader or a stream that is behind may lose files that it needs.

    Returns:
        The result: `extra["maintained"]` has for each table its files and bytes before and after, and what was deleted.

    Raises:
        SpecError: fewer days are asked for than readers may need.

    Example:
        print(spark_jobs.maintain("conf/flights.yml", dry_run=True))
    """
    return run_job("maintain", spec, spark, env, keys, dry_run=dry_run, keep=keep, break_readers=break_readers)
