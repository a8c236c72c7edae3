"""From a table to a champion: look, plan, train, promote."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, Unpack

from spark_jobs import progress
from spark_jobs.api.arguments import AnyEnvironment, AnySpec, SpecKeys, with_spec_keys
from spark_jobs.api.call import opened, run_job
from spark_jobs.error_translation import translated_errors
from spark_jobs.results.result import Result
from spark_jobs.runtime.active_session import current_session, keeping_active

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark_jobs.plan import Plan
    from spark_jobs.profile.profile import Profile


@translated_errors()
def init(
    source: str | PathLike[str],
    target: str,
    *,
    out: str | PathLike[str] | None = None,
    force: bool = False,
    spark: SparkSession | None = None,
) -> Result:
    """Look at a table and write a short commented spec.

    Args:
        source: a file, a folder or a glob.
        target: the column to predict.
        out: the file to write; by default `conf/<name>.yml`.
        force: replace a file that is there.
        spark: the session; by default the active one.

    Returns:
        The result: `extra["spec"]` is the path of the file.

    Raises:
        SpecError: the file is there already.
        DataError: the table cannot be learned from.

    Example:
        spark_jobs.init("data/flights.csv", "arr_delay")
    """
    from spark_jobs.jobs import init as job

    spec, path = job.spec_to_write(fspath(source), target, fspath(out) if out is not None else None, force)
    with progress.show(), keeping_active(current_session(spark)) as session:
        return job.write_spec(spec, path, session)


@with_spec_keys
def profile(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Profile:
    """Profile every column of the source: missing and distinct values, numbers, levels.

    An HTML page is written to `<root>/profiles/<name>/profile.html`. `spark_jobs.profile` is a package: the package
    offers this function as `spark_jobs.make_profile`.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.

    Returns:
        The profile: `profile["column"]` is what is known of a column.

    Raises:
        SpecError, DataError, JobError: as `train`.

    Example:
        spark_jobs.make_profile(source="data/flights.csv", target="arr_delay")["distance"].missing
    """
    from spark_jobs.jobs.profile import profile_with_result

    with opened(spec, spark, env, keys) as call:
        return profile_with_result(call.spec, call.session, call.env)[0]


@with_spec_keys
def plan(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Plan:
    """Make every decision that a training would take, with its reason; nothing is fitted.

    `spark_jobs.plan` is a package: the package offers this function as `spark_jobs.make_plan`.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.

    Returns:
        The plan: `decisions`, `used` (the columns that the model reads), `left_out` (the others, with the reasons).

    Raises:
        SpecError, DataError, JobError: as `train`.

    Example:
        print(spark_jobs.make_plan(source="data/flights.csv", target="arr_delay"))
    """
    from spark_jobs.jobs.plan import plan_with_result

    with opened(spec, spark, env, keys) as call:
        return plan_with_result(call.spec, call.session, call.env)[0]


@with_spec_keys
def train(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Train a model on a table, evaluate it, log it and register it as challenger.

    Args:
        spec: a `Spec`, a mapping of its keys, or the path of its YAML file; may be left out.
        spark: the session; by default the active one.
        env: where the tables, runs and bundles go: an environment or its name; by default the local one.
        keys: top-level keys of the spec, such as `source` and `target`; each replaces what `spec` says, None leaves
            it. `source` may be a DataFrame of Spark or pandas too: the model is named after the target then, unless
            `name` is given.

    Returns:
        The result: `metrics` of the test rows, `rows` by fate, `bundle`, the folder that is the model, `report`;
        `print` shows the summary.

    Raises:
        SpecError: the spec is wrong; every mistake is named, and nothing was started.
        DataError: the data cannot be learned from.
        JobError: there is no session, or the work could not be finished.

    Example:
        result = spark_jobs.train(source="data/flights.csv", target="arr_delay", model={"kind": "forest"})
    """
    return run_job("train", spec, spark, env, keys)


@with_spec_keys
def promote(
    spec: AnySpec | None = None,
    *,
    force: bool = False,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Make the challenger the champion, if the gate agrees.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        force: promote whatever the gate says; the ledger records that.

    Returns:
        The result: `model` is the champion.

    Raises:
        GateError: the challenger does not pass; nothing has changed.
        JobError: there is no challenger.

    Example:
        spark_jobs.promote("conf/flights.yml")
    """
    return run_job("promote", spec, spark, env, keys, force=force)


@with_spec_keys
def run(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Unpack[SpecKeys],
) -> Result:
    """Go the whole way: train, pass the gate, promote, and score the source with the new champion.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.

    Returns:
        The result: that of `train`, with the champion as `model` and the place of the predictions in `tables`.

    Raises:
        SpecError, DataError, JobError: as `train`.
        GateError: the challenger does not pass; it stays registered, and nothing is scored.

    Example:
        print(spark_jobs.run(source="data/flights.csv", target="arr_delay"))
    """
    return run_job("run", spec, spark, env, keys)
