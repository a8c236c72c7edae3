"""Evaluation of the champion on a challenger's test rows, during training or for the promotion gate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.bundle import load_manifest
from spark_jobs.error_translation import translate_error
from spark_jobs.errors import GateError
from spark_jobs.registry.gate import Comparison, EvaluationSetup
from spark_jobs.registry.tracking import Tracking
from spark_jobs.registry.versions import ModelVersion, look_up, resolve_version
from spark_jobs.spec import Spec, load_spec
from spark_jobs.training.comparison import evaluate_bundle
from spark_jobs.training.prepare import Prepared, inspect_source, prepare
from spark_jobs.training.staging import identity


def evaluation_setup(spec: Spec, prepared: Prepared) -> EvaluationSetup:
    """Return what a training predicts and how its test rows are chosen."""
    types = prepared.inspected.types
    return EvaluationSetup(
        task=prepared.problem.task,
        target=spec.target,
        labels=prepared.problem.labels,
        split=spec.split.model_dump(mode="json"),
        key=spec.key,
        identity={name: types[name].cells for name in identity(spec, types)},
        cut=prepared.rule.cut,
        fingerprint=prepared.inspected.table.fingerprint,
    )


def compare_champion(spec: Spec, tracking: Tracking, prepared: Prepared, folder: Path) -> Comparison | None:
    """Evaluate the champion on the test rows of a running training; return None if there is no champion.

    A failure does not stop the training: the comparison's `error` reports it.
    """
    champion = look_up(tracking, spec.track.register_as or spec.name, "champion")
    return None if champion is None else _guarded(champion, partial(_evaluated, spec, tracking, prepared, folder))


def _evaluated(spec: Spec, tracking: Tracking, prepared: Prepared, folder: Path, champion: ModelVersion) -> Comparison:
    bundle = resolve_version(tracking, champion.name, champion.version).bundle
    own, other = evaluation_setup(spec, prepared), EvaluationSetup.of(load_manifest(bundle))
    different = own.differences(other)
    if different:
        return Comparison(champion.version, error=" ".join(different))
    with progress.phase("evaluating the champion"):
        metrics = evaluate_bundle(bundle, spec, prepared, folder).metrics
    return Comparison(champion.version, metrics, caution=own.caution(other))


def _guarded(champion: ModelVersion, evaluate: Callable[[ModelVersion], Comparison]) -> Comparison:
    try:
        return evaluate(champion)
    except Exception as error:
        return Comparison(champion.version, error=f"It could not be evaluated: {translate_error(error).message}")


def compare_again(
    spark: SparkSession, tracking: Tracking, champion: ModelVersion, challenger: ModelVersion
) -> Comparison:
    """Evaluate a champion on the test rows of a challenger that was trained before this one was the champion.

    The rows are read again from the challenger's source and split by its own spec.
    """
    return _guarded(champion, partial(_from_source, spark, tracking, challenger))


def _from_source(
    spark: SparkSession, tracking: Tracking, challenger: ModelVersion, champion: ModelVersion
) -> Comparison:
    spec, _ = load_spec(challenger.bundle / "spec.yml")
    root = Path(tracking.root).resolve()
    with TemporaryDirectory(prefix="compare-", dir=root) as scratch:
        inspected = inspect_source(spec, spark)
        if inspected.table.fingerprint != load_manifest(challenger.bundle).data["fingerprint"]:
            raise GateError(f"the source has changed since version {challenger.version} was trained.")
        prepared = prepare(spec, spark, inspected, Path(scratch))
        return _evaluated(spec, tracking, prepared, Path(scratch), champion)
