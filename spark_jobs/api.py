"""The jobs as functions, for notebooks and programs: a spec in any form goes in, a result comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spark_jobs import progress
from spark_jobs.bundle import verify
from spark_jobs.errors import DataError, JobError, SpecError, nearest
from spark_jobs.jobs import check, preflight
from spark_jobs.jobs.active_session import keeping_active, session_of
from spark_jobs.jobs.result import Result
from spark_jobs.spec import Environment, Spec, load_environment, load_spec, parse

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import DataFrame, SparkSession

    from spark_jobs.plan import Plan

AnySpec = Spec | Mapping[str, Any] | str | PathLike[str]
"""A spec, its keys as a mapping, or the path of its YAML file."""
AnyEnvironment = Environment | str
"""An environment, or the name of a file of `conf/env`."""


@dataclass(frozen=True)
class TrainedModel:
    """A trained model in a session: its plan, its fitted Spark ML stages, the marks of missing values in its source."""

    plan: Plan
    pipeline: PipelineModel
    bundle: Path
    null_values: tuple[str, ...]

    def predict(self, rows: DataFrame) -> DataFrame:
        """Give every row its prediction, the one that `score` writes.

        Returns the rows' own columns, read as `score` reads them: text trimmed, marks of a missing value null, cells as
        the types that the plan names; and beside them `prediction` (a double, or
        the label as text), for classes `probabilities` (map of label to double), for two of them `probability` (of the
        positive one); an SVM has a `margin` instead. Nothing is computed before the result is used.

        Raises:
            DataError: the rows lack a column that the model reads, or have one named like what is added.
        """
        from spark_jobs.columns.casts import typed
        from spark_jobs.columns.names import with_trimmed_names
        from spark_jobs.pipeline.feature_pipeline import predictions
        from spark_jobs.scoring.batch import check_used
        from spark_jobs.sources.null_values import replace_null_values

        if any(name != name.strip() for name in rows.columns):
            rows = with_trimmed_names(rows)
        check_used(self.plan, rows.columns)
        present = [kind for kind in self.plan.types if kind.name in rows.columns]
        read = typed(replace_null_values(rows, self.null_values), present, self.plan.timezone)
        answers = predictions(self.pipeline, self.plan.problem, read)
        added = [name for name in answers.columns if name != "_row"]
        taken = sorted(set(added) & set(rows.columns))
        if taken:
            raise DataError(f"The rows have a column named like what is added: '{taken[0]}'.", "Drop or rename it.")
        return answers.select("_row.*", *added)


def open_session(env: AnyEnvironment | None = None, connectors: Sequence[str] = ()) -> SparkSession:
    """Open the Spark session that jobs run in, or take the one that Databricks, Connect or spark-submit gives.

    Args:
        env: the environment, or its name; by default `conf/env/local.yml`, or the built-in one where there is none.
        connectors: what must be read beside files and Delta: `postgresql`, `kafka`.

    Raises:
        JobError: Java, Delta's jars or Spark itself could not be started.
        SpecError: there is no environment of that name.
    """
    from spark_jobs.runtime import session

    return session.open(_environment(env, None), connectors)


def make_profile(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Look at the source, column by column: types with their reasons, missing and distinct values, and an HTML page.

    The arguments are those of `train`. The page's path is `result.extra["page"]`.
    """
    return _do("profile", spec, spark, env, keys)


def make_plan(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Say every decision that a training would take, with its reason, before anything is fitted.

    The arguments are those of `train`. The decisions are `result.extra["plan"]`.
    """
    return _do("plan", spec, spark, env, keys)


def train(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Train a model on a table, evaluate it, log it and register it as challenger.

    Args:
        spec: a `Spec`, a mapping of its keys, or the path of its YAML file; may be left out.
        spark: the session; by default the active one.
        env: where the tables, runs and bundles go: an environment or its name; by default the local one.
        keys: top-level keys of the spec, such as `source` and `target`; each replaces what `spec` says.

    Returns:
        The result: `metrics` of the test rows, `rows` by fate, `bundle`, the folder that is the model; `print` shows
        the summary.

    Raises:
        SpecError: the spec is wrong; every mistake is named, and nothing was started.
        DataError: the data cannot be learned from.
        JobError: there is no session, or the work could not be finished.
    """
    return _do("train", spec, spark, env, keys)


def promote(
    spec: AnySpec | None = None,
    *,
    force: bool = False,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Make the challenger the champion, if the gate agrees.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        force: promote whatever the gate says; the ledger keeps that.

    Raises:
        GateError: the challenger does not pass; nothing has changed.
        JobError: there is no challenger.
    """
    return _do("promote", spec, spark, env, keys, force=force)


def score(
    spec: AnySpec | None = None,
    *,
    input: str | None = None,
    version: int | None = None,
    rescore: bool = False,
    replay: str | None = None,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Score a table and add the predictions to their Delta table; the same input again adds nothing.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        input: the path of the rows to score; by default the spec's source. The target may be absent.
        version: the model's version; by default the champion.
        rescore: score again what this version has scored already.
        replay: a batch of which rows are in quarantine; those that meet the checks by now are scored.

    Raises:
        DataError: the input lacks a column that the model reads, or breaks a check of severity `fail`.
        JobError: there is no such version, or no champion, or no such batch.
    """
    return _do("score", spec, spark, env, keys, input=input, version=version, rescore=rescore, replay=replay)


def run(
    spec: AnySpec | None = None,
    *,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Go the whole way: train, pass the gate, promote, and score the source with the new champion.

    Arguments and errors are those of `train`.

    Raises:
        GateError: the challenger does not pass; it stays registered, and nothing is scored.
    """
    return _do("run", spec, spark, env, keys)


def maintain(
    spec: AnySpec | None = None,
    *,
    dry_run: bool = False,
    keep: int | None = None,
    break_readers: bool = False,
    spark: SparkSession | None = None,
    env: AnyEnvironment | None = None,
    **keys: Any,
) -> Result:
    """Join small files of predictions, quarantine and ledger, and delete those that no version of the last days uses.

    Args:
        spec: as for `train`; so are `spark`, `env` and `keys`.
        dry_run: tell what would be deleted, and change nothing.
        keep: for how many days; by default what the table says, or 7.
        break_readers: allow fewer days than 7: a reader or a stream that is behind may lose files that it needs.

    Returns:
        The result: `extra["maintained"]` has for each table its files and bytes before and after, and what was deleted.

    Raises:
        SpecError: fewer days are asked for than readers may need.
    """
    return _do("maintain", spec, spark, env, keys, dry_run=dry_run, keep=keep, break_readers=break_readers)


def load_model(model: Result | str | PathLike[str], spark: SparkSession | None = None) -> TrainedModel:
    """Load a trained model, its files checked one by one.

    Args:
        model: what `train`, `promote`, `score` or `run` returned, or the folder of a bundle.
        spark: the session; by default the active one.

    Raises:
        JobError: the folder is not a bundle, or is not what was written.
    """
    from spark_jobs.pipeline.persistence import load_pipeline
    from spark_jobs.plan import Plan

    place = model.bundle if isinstance(model, Result) else fspath(model)
    if place is None:
        raise JobError("The result has no model.", "Give the result of `train` or `run`, or a bundle's folder.")
    bundle = Path(place)
    manifest = verify(bundle)
    plan = Plan.from_json((bundle / "plan.json").read_text(encoding="utf-8"))
    pipeline = load_pipeline(bundle / "pipeline", session_of(spark))
    return TrainedModel(plan, pipeline, bundle, manifest.null_values)


def _do(
    verb: str,
    spec: AnySpec | None,
    spark: SparkSession | None,
    env: AnyEnvironment | None,
    keys: Mapping[str, Any],
    **options: Any,
) -> Result:
    _check_arguments(keys, (*options, "spark", "env"))
    asked = _spec(spec, keys)
    environment = _environment(env, spec)
    with progress.show():
        answered = preflight.answer(verb, asked, environment, options)
        if answered is not None:
            return answered
        with keeping_active(session_of(spark)) as session:
            result: Result = import_module(f"spark_jobs.jobs.{verb}").run(asked, session, env=environment, **options)
    return result


def _check_arguments(keys: Iterable[str], own: Sequence[str]) -> None:
    """Refuse a misspelled argument of a function; what resembles a key of the spec more is left to the spec."""
    for key in keys:
        close = nearest(key, (*Spec.model_fields, *own))
        if key not in Spec.model_fields and close in own:
            raise SpecError(f"`{key}` is not an argument that is known here.", f"Did you mean '{close}'?")


def _spec(given: AnySpec | None, keys: Mapping[str, Any]) -> Spec:
    """The spec, checked as far as that goes without data."""
    if isinstance(given, (str, PathLike)):
        given = load_spec(Path(given), (), check.option_mistakes)[0]
    if given is None and not keys:
        raise SpecError("There is no spec.", "Give one, or `source=` and `target=`.")
    if isinstance(given, Spec):  # one made by hand is judged as a file is
        given = given.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)
    return parse({**(given or {}), **keys}, more_rules=check.option_mistakes)


def _environment(env: AnyEnvironment | None, spec: AnySpec | None) -> Environment:
    if isinstance(env, Environment):
        return env
    return load_environment(env, Path(spec).parent if isinstance(spec, (str, PathLike)) else Path("conf"))
