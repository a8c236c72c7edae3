"""Areas and tables of binned scores, against scikit-learn's values of the same rows unbinned. No Spark."""

from __future__ import annotations

import numpy as np
import pytest
from datasketches import kll_doubles_sketch
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from spark_jobs.training.binning import quantile_edges
from spark_jobs.training.curves import (
    PLOTTED,
    Bins,
    bins_of,
    calibration,
    pr_auc,
    pr_points,
    roc_auc,
    roc_bound,
    roc_points,
)

ROWS = 200_000


def sketch_of(values, k=65_535):
    sketch = kll_doubles_sketch(k)
    sketch.update(values)
    return sketch.serialize()


def binned(scores, positive, weights, edges):
    place = np.searchsorted(edges, scores, side="right")
    held, place = np.unique(place, return_inverse=True)
    low, high = np.full(len(held), np.inf), np.full(len(held), -np.inf)
    np.minimum.at(low, place, scores)
    np.maximum.at(high, place, scores)
    parts = (weights * positive, weights * ~positive, weights * scores, np.ones(len(scores)))
    return Bins(low, high, *(np.bincount(place, part, len(held)) for part in parts))


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(7)
    positive = rng.random(ROWS) < 0.03
    margin = rng.normal(size=ROWS) + 1.4 * positive
    return positive, margin, rng.random(ROWS) * 3 + 0.01


HARD = {
    "smooth": lambda z: 1 / (1 + np.exp(4 - z)),
    "tied by hundreds": lambda z: np.round(1 / (1 + np.exp(-z)), 2),
    "all within 0.999 and 1": lambda z: 1 - 1e-3 / (1 + np.exp(z)),
    "near 1e-300": lambda z: 1e-300 * (1 + np.exp(z)),
    "within a thousand of the least steps": lambda z: 0.5 + 1e-13 / (1 + np.exp(-z)),
    "two values": lambda z: np.where(z > 1, 0.7, 0.2),
    "half of them one value": lambda z: np.where(np.sin(1e4 * z) > 0, 0.5, 1 / (1 + np.exp(-z))),
    "far apart": lambda z: np.where(z > 2, 1 - 1e-12 * np.exp(-z), 1e-200 * np.exp(z)),
}


@pytest.mark.parametrize("name", HARD)
def test_areas_from_bins_are_those_of_every_score(rows, name):
    positive, margin, weights = rows
    scores = HARD[name](margin)
    edges = quantile_edges([sketch_of(scores[positive]), sketch_of(scores[~positive])], 131_072)
    bins = binned(scores, positive, weights, edges)
    assert len(bins.low) > 100_000 or len(bins.low) >= 0.3 * len(np.unique(scores))
    exact = roc_auc_score(positive, scores, sample_weight=weights)
    assert roc_auc(bins) == pytest.approx(exact, abs=1e-4)
    assert abs(roc_auc(bins) - exact) <= roc_bound(bins) + 1e-12
    assert roc_bound(bins) < 1e-4
    assert pr_auc(bins) == pytest.approx(average_precision_score(positive, scores, sample_weight=weights), abs=1e-4)


def test_scores_on_a_fixed_grid_would_have_failed(rows):
    positive, margin, weights = rows
    scores = HARD["all within 0.999 and 1"](margin)
    bins = binned(scores, positive, weights, np.linspace(0, 1, 5_001))
    assert abs(roc_auc(bins) - roc_auc_score(positive, scores, sample_weight=weights)) > 1e-3


def test_a_small_sketch_makes_every_score_an_edge():
    scores = np.array([0.1, 0.5, -0.0, 0.0, 0.5, 0.9])
    assert quantile_edges([sketch_of(scores)], 1000).tolist() == [0.0, 0.1, 0.5, 0.9]


def test_no_sketch_and_empty_sketches_make_no_edges():
    assert quantile_edges([sketch_of(np.empty(0))], 100).tolist() == []


def test_unbinned_rows_give_exactly_what_scikit_learn_gives():
    rng = np.random.default_rng(1)
    scores = np.round(rng.random(2000), 2)
    positive = rng.random(2000) < scores
    weights = rng.integers(1, 5, 2000).astype(float)
    bins = bins_of(scores, positive, weights)
    assert roc_auc(bins) == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights), abs=1e-13)
    assert pr_auc(bins) == pytest.approx(average_precision_score(positive, scores, sample_weight=weights), abs=1e-13)
    assert roc_bound(bins) == 0


def test_a_bin_of_several_scores_spreads_its_positives_evenly():
    one = np.ones(1)
    bins = Bins(0 * one, one, 1000.0 * one, 3000.0 * one, one, 4000 * one)
    assert pr_auc(bins) == pytest.approx(0.25)
    low, high, hits, misses, rows = (np.array(v) for v in ([0, 2.0], [1, 2.0], [10, 10.0], [30, 0.0], [40, 10.0]))
    above = Bins(low, high, hits, misses, rows, rows)
    steps = [(10 + t) / (10 + 4 * t) for t in (np.arange(100_000) + 0.5) / 10_000]
    assert pr_auc(above) == pytest.approx((10 + np.mean(steps) * 10) / 20, abs=1e-9)


def test_the_drawn_curves_lie_on_the_exact_ones(rows):
    positive, margin, _ = rows
    bins = bins_of(margin, positive)
    drawn = roc_points(bins)
    x, y, _ = roc_curve(positive, margin, drop_intermediate=False)
    exact = set(zip(x.round(12), y.round(12), strict=True))
    assert 200 < len(drawn["true_positive_rate"]) <= PLOTTED + 2
    found = zip(drawn["false_positive_rate"].round(12), drawn["true_positive_rate"].round(12), strict=True)
    assert set(found) <= exact
    assert drawn["false_positive_rate"][0] == 0
    assert drawn["true_positive_rate"][-1] == 1
    precision, recall, _ = precision_recall_curve(positive, margin)
    points = pr_points(bins)
    exact = set(zip(recall.round(12), precision.round(12), strict=True))
    assert set(zip(points["recall"].round(12), points["precision"].round(12), strict=True)) <= exact


def test_calibration_groups_are_scikit_learns_quantile_groups():
    rng = np.random.default_rng(3)
    scores = rng.random(10_000) ** 2
    positive = rng.random(10_000) < scores**1.3
    seen, predicted = calibration_curve(positive, scores, n_bins=10, strategy="quantile")
    found = calibration(bins_of(scores, positive))
    assert found["observed"] == pytest.approx(seen, abs=2e-3)
    assert found["predicted"] == pytest.approx(predicted, abs=2e-3)
    assert found["rows"].tolist() == [1000] * 10
    assert found["error"] == pytest.approx(np.mean(np.abs(seen - predicted)), abs=1e-3)


def test_a_tie_of_many_rows_among_others_has_a_bin_of_its_own():
    rng = np.random.default_rng(6)
    scores = np.r_[np.full(100_000, 0.5), rng.random(200_000)]
    edges = quantile_edges([sketch_of(scores, 1000)], 2000)
    bins = binned(scores, np.arange(300_000) % 3 == 0, np.ones(300_000), edges)
    tie = np.searchsorted(bins.low, 0.5)
    assert (bins.low[tie], bins.high[tie], bins.rows[tie]) == (0.5, 0.5, 100_000)
