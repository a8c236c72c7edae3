"""Early stopping without a search: options that the spec leaves open are found on inner folds."""

from __future__ import annotations

import json
from pathlib import Path

from pyspark.sql.utils import is_remote

from spark_jobs import progress
from spark_jobs.error_translation import optional
from spark_jobs.formatting import format_percent
from spark_jobs.models import check_supported, find
from spark_jobs.runtime.job_groups import task_slots
from spark_jobs.spec import Spec
from spark_jobs.tables.atomic_write import atomic_write
from spark_jobs.training.parts import check_parts
from spark_jobs.training.prepare import Prepared
from spark_jobs.tuning.families import optimized_metric
from spark_jobs.tuning.folds import FoldStager
from spark_jobs.tuning.space import Proposal, fixed
from spark_jobs.tuning.trials import Slots, TrialRunner, share_of_a_task

INNER_FOLDS = 5
SMALL = 2_000  # training rows, below which one inner fold would be too few rows
_FOLDS_OF_SMALL = (0, 1, 2)


def open_options(spec: Spec) -> dict[str, int]:
    """Return the options that early stopping can find and the spec leaves open, with their upper bounds."""
    if spec.search is not None or find(spec.model.kind).fit_in_task is None:
        return {}
    return {name: bound for name, bound in find(spec.model.kind).search.settled.items() if not fixed(spec, name)}


def settle_options(spec: Spec, prepared: Prepared, folder: Path) -> dict[str, int]:
    """Find open options, such as the number of boosting rounds, by early stopping on inner folds.

    Args:
        spec: The spec.
        prepared: The prepared rows.
        folder: The folder of the training, where the result is stored for an interrupted run.

    Returns:
        The options; empty if there are none, or if one of two classes has too few rows for inner folds.
    """
    store = folder / "settled.json"
    if not open_options(spec):
        return {}
    if not store.is_file():
        check_parts(prepared)
        check_supported(spec.model.kind, prepared.problem.task, connect=is_remote())
        with progress.phase("early stopping"):
            nothing: dict[str, int] = {}
            found = optional("Early stopping", lambda: _settled(spec, prepared, folder / "folds"), nothing)
        atomic_write(store, json.dumps(found))
    stored: dict[str, int] = json.loads(store.read_text(encoding="utf-8"))
    return stored


def _settled(spec: Spec, prepared: Prepared, folder: Path) -> dict[str, int]:
    if prepared.problem.task == "binary" and any(rows < INNER_FOLDS for rows in prepared.class_rows.values()):
        return {}
    stager, spark = FoldStager(prepared, INNER_FOLDS, folder), prepared.rows.sparkSession
    numbers = _FOLDS_OF_SMALL if prepared.counts["trained"] < SMALL else (0,)
    share = min(share_of_a_task(spec.model.kind, fold) for fold in stager.staged(spec, numbers))
    if share < 1:
        progress.note(f"  early stopping on {format_percent(share)} of the rows, which fit in the memory of a task")
    metric = optimized_metric(spec, prepared.problem.task)
    runner = TrialRunner(spark, spec, stager, metric, Slots(task_slots(spark)))
    return runner.run(Proposal(spec.model.kind, {}), numbers).settled()
