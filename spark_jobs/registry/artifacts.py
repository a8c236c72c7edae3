"""The results of a training, as they are published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spark_jobs.graph.verification import VerificationResult
from spark_jobs.plan import Plan
from spark_jobs.profile.profile import Profile
from spark_jobs.registry.champion import evaluation_setup
from spark_jobs.registry.gate import Comparison, EvaluationSetup
from spark_jobs.sources.source_table import Reading
from spark_jobs.spec import Spec
from spark_jobs.training.evaluation import Evaluation
from spark_jobs.training.fit import Trained
from spark_jobs.training.prepare import Prepared
from spark_jobs.training.search_result import SearchResult, is_far_worse
from spark_jobs.training.workflow import Planned, evaluated


@dataclass(frozen=True)
class TrainingArtifacts:
    """All results of a training, before anything is published."""

    spec: Spec
    plan: Plan
    profile: Profile
    evaluation: Evaluation
    importances: tuple[tuple[str, float], ...]
    reading: Reading
    fingerprint: str
    rows: Mapping[str, int]
    cells: Mapping[str, int]
    setup: EvaluationSetup
    class_rows: Mapping[int, int] = field(default_factory=dict)
    champion: Comparison | None = None
    warnings: tuple[str, ...] = ()
    proven: VerificationResult | None = None
    example: Sequence[object] = ()
    search: SearchResult | None = None

    def with_champion(self, champion: Comparison | None) -> TrainingArtifacts:
        """Return the results with the champion's, and a warning if the two cannot be compared fairly."""
        warnings = []
        if champion is not None and champion.error:
            warnings = [
                f"The gate cannot compare this model with the champion, version {champion.version}. {champion.error}"
            ]
        elif champion is not None and champion.caution:
            warnings = [f"The comparison may favor the champion, version {champion.version}. {champion.caution}"]
        return replace(self, champion=champion, warnings=(*self.warnings, *warnings))

    def with_search(self, search: SearchResult | None) -> TrainingArtifacts:
        """Return the results with a search, and a warning if the test score is far below its validation scores."""
        tested = self.evaluation.metrics.get(search.metric) if search is not None else None
        if search is None or tested is None or not is_far_worse(search, tested):
            return replace(self, search=search)
        warning = (
            f"The test {search.metric} {tested:.4g} is far below validation, {search.best.score:.4g} ± "
            f"{search.best.spread:.2g}: the test rows may differ from the training rows."
        )
        return replace(self, search=search, warnings=(*self.warnings, warning))


def collect_artifacts(
    spec: Spec, prepared: Prepared, planned: Planned, trained: Trained, folder: Path
) -> TrainingArtifacts:
    """Evaluate a fitted pipeline on the test rows and return all results of its training."""
    inspected, training_profile = prepared.inspected, planned.training_profile
    rows = dict(prepared.counts) | {"outliers": training_profile.outliers, "dropped": training_profile.dropped}
    rows["trained"] -= training_profile.outliers + training_profile.dropped
    evaluation = evaluated(spec, prepared, planned, trained, folder)
    return TrainingArtifacts(
        spec=spec,
        plan=planned.plan,
        profile=training_profile.profile,
        evaluation=evaluation,
        importances=trained.importances,
        reading=inspected.table.reading,
        fingerprint=inspected.table.fingerprint,
        rows=rows,
        cells=inspected.lost,
        setup=evaluation_setup(spec, prepared),
        class_rows=prepared.class_rows,
        warnings=(*inspected.warnings, *evaluation.notes),
    )
