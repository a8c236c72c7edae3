"""Report contexts for tests, made without Spark."""

from __future__ import annotations

import numpy as np

from spark_jobs.columns.types import ColumnType
from spark_jobs.features import CategoryInput, NumberInput
from spark_jobs.plan import Decision, Plan, PlannedColumn
from spark_jobs.plan.learning_task import LearningTask
from spark_jobs.profile.distinct import Distinct
from spark_jobs.profile.levels import LevelCounts
from spark_jobs.profile.numbers import NumberSummary
from spark_jobs.profile.profile import ColumnProfile, Profile
from spark_jobs.report import ReportContext
from spark_jobs.training import curves
from spark_jobs.training.curves import bins_of
from spark_jobs.training.evaluation_result import Evaluation

EVIL = "<script>alert(1)</script>"
LABEL = {"min": 0.0, "max": 50.0, "mean": 25.0}
RNG = np.random.default_rng(0)


def number_column(name, values, missing=0):
    summary = NumberSummary.of(np.asarray(values, dtype=float))
    rows = len(values) + missing
    return ColumnProfile(
        name, "number", rows, missing, distinct_sketch=Distinct.of(np.asarray(values, float)), numbers=summary
    )


def text_column(name, counts):
    levels = LevelCounts.of(list(counts), np.array([[float(n)] for n in counts.values()]), 1000)
    return ColumnProfile(name, "text", sum(counts.values()), 0, levels=levels)


def profile(columns=()):
    found = [
        number_column("price $x$ _^{", RNG.gamma(2, 10, 5000), 120),
        number_column("constant", np.full(100, 7.0)),
        number_column("empty", [], 100),
        text_column(EVIL, {EVIL: 60, "b & c": 30, "": 5, "été 🙂 漢字": 5}),
        text_column("n" * 400, {f"level {i} " + "x" * 200: 50 - i for i in range(40)}),
        *columns,
    ]
    return Profile(5120, {column.name: column for column in found})


def plan(task, columns):
    kinds = [ColumnType(name, "text", "category", "few levels") for name in columns]
    planned = tuple(PlannedColumn(kind, "feature", "carries something") for kind in kinds)
    left_out = PlannedColumn(ColumnType("id <b>", "text", "identifier", "all differ"), "left out", "says nothing")
    return Plan(
        name="a report",
        problem=LearningTask(task, EVIL),
        columns=(*planned, left_out),
        inputs=(
            NumberInput("n0", "price", bounds=(0.5, 99.0), fill=3.25, indicator=True, scale="standard"),
            CategoryInput("c0", EVIL, ("a", "b"), "one_hot"),
        ),
        drops={},
        drop_missing=(),
        model="linear",
        params={"reg_param": 0.5},
        balance=False,
        weight=None,
        key=(),
        timezone="UTC",
        seed=42,
        decisions=(Decision(EVIL, "one-hot", "two levels & a linear model"),),
    )


def regression():
    residuals = {
        "quantiles": {"0.05": -2.0, "0.5": 0.1, "0.95": 2.5},
        "edges": np.linspace(-3, 3, 61),
        "shares": np.full(60, 1 / 60),
    }
    grid = {"low": 0.0, "high": 50.0, "weights": np.diag(np.arange(48.0)), "rows_outside": 12}
    slices = {EVIL: [level(EVIL, 900), level(None, 80), level(None, 20, True)]}
    details = {"residuals": residuals, "predicted_actual": grid, "slices": slices, "label": LABEL}
    metrics = {"rmse": 43.2109, "mse": 1867.2, "mae": 20.5, "r2": 0.41, "mape": 0.9}
    return Evaluation("regression", 1000, metrics, details, ("mape leaves out 3 test rows whose target is 0.",))


def level(name, rows, others=False):
    return {"level": name, "others": others, "rows": rows, "metrics": {"rmse": 1.5}}


def classes(labels, probabilities=True):
    label = RNG.integers(0, len(labels), 3000)
    drawn = {}
    for k, name in enumerate(labels):
        bins = bins_of(np.round(RNG.random(3000) * 0.6 + 0.4 * (label == k), 3), label == k)
        drawn[name] = {
            "roc_auc": curves.roc_auc(bins),
            "pr_auc": curves.pr_auc(bins),
            "roc": curves.roc_points(bins),
            "pr": curves.pr_points(bins),
            **({"calibration": curves.calibration(bins)} if probabilities else {}),
        }
    table = {name: {"precision": 0.5, "recall": 0.25, "f1": 0.3, "rows": 10} for name in labels}
    confusion = RNG.integers(0, 90, (len(labels) + 1, len(labels)))
    details = {
        "labels": list(labels),
        "confusion": confusion,
        "per_class": table,
        "curves": drawn,
        "unseen_labels": {EVIL: 7},
        "slices": {},
    }
    return Evaluation("multiclass", 3000, {"accuracy": 0.75, "f1": 0.7, "log_loss": 0.6}, details)


def context(evaluation, columns=(), **changes):
    found = profile(columns)
    given = {
        "name": f"report {EVIL}",
        "task": evaluation.task,
        "target": EVIL,
        "positive": None,
        "plan": plan(evaluation.task, found.columns),
        "profile": found,
        "evaluation": evaluation,
        "importances": [(EVIL, 0.5), ("m" * 300, 0.25), ("$\\frac$", -0.1)],
        "rows": {"read": 6200, "trained": 5120, "tested": 1000, "duplicates": 80, "no_target": 0},
        "cells": {EVIL: 12, "fine": 0},
        "seconds": {"reading": 1.25, "counting": 0.01},
        "versions": {"spark": "4.2.0"},
        "lineage": {"run": "r1", "source": f"/data/{EVIL}.csv"},
    }
    return ReportContext(**given | changes)
