"""The best threshold, against every threshold tried in turn. No Spark."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as exact

from spark_jobs.errors import SpecError
from spark_jobs.training.curves import bins_of
from spark_jobs.training.thresholds import AT_THRESHOLD, best_threshold

JUDGES = {
    "f1": exact.f1_score,
    "accuracy": exact.accuracy_score,
    "balanced_accuracy": exact.balanced_accuracy_score,
    "precision": exact.precision_score,
    "recall": exact.recall_score,
}


@pytest.mark.parametrize("metric", sorted(AT_THRESHOLD))
def test_no_threshold_is_better_than_the_best(metric):
    rng = np.random.default_rng(5)
    scores = np.round(rng.random(1000) ** 2, 2)
    positive = rng.random(1000) < scores
    found = best_threshold(bins_of(scores, positive), metric)
    tried = {t: JUDGES[metric](positive, scores >= t) for t in np.unique(scores)}
    assert found["metrics"][metric] == pytest.approx(max(tried.values()))
    assert tried[found["threshold"]] == pytest.approx(max(tried.values()))
    for name, check in JUDGES.items():
        assert found["metrics"][name] == pytest.approx(check(positive, scores >= found["threshold"]))


def test_a_metric_without_a_threshold_is_refused_with_the_nearest_that_has_one():
    with pytest.raises(SpecError, match=r"`evaluate.threshold` must be one of f1, accuracy") as refused:
        best_threshold(bins_of(np.array([0.1, 0.9]), np.array([False, True])), "acuracy")
    assert refused.value.advice == "Did you mean 'accuracy'?"
