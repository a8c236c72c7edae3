"""The cases of the parity table: each step with a plain model, each algorithm with plain steps; and their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from pyspark.ml import classification, regression

from benchmarks.equivalent_pipelines import EquivalentPipeline

TRAINED, TESTED = 1000, 400
NUMBERS, CATEGORIES = ("a", "b", "c", "d"), ("size", "town", "kind")
CLASSES = {"amount": (), "event": ("no", "yes"), "grade": ("high", "low", "middle")}
KINDS = ("seen", "unseen label", "null", "NaN")  # a quarter of the test rows each

Column = list[Any]


def _nothing(model: Any) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One line of the table. `keys` are our spec's, `columns` what is read, `after` sets what no spec can set."""

    group: str
    name: str
    target: str
    columns: tuple[str, ...]
    keys: Mapping[str, Any]
    equivalent: Callable[[], EquivalentPipeline]
    after: Callable[[Any], object] = _nothing

    @property
    def bound(self) -> float:
        """How far apart equal predictions of ours may be."""
        return 1e-5 if self.keys["model"]["kind"] == "xgboost" else 1e-9


def table() -> dict[str, Column]:
    """Training rows, then test rows; `part` tells them apart and `kind` what a test row tries."""
    chance = np.random.default_rng(3)
    rows = TRAINED + TESTED
    numbers = {name: chance.normal(10 * place, 1 + place, rows) for place, name in enumerate(NUMBERS)}
    numbers["d"][::50] *= 30  # far out
    for values in numbers.values():  # Spark's naive Bayes stops at a row that scaling puts below 0
        values[TRAINED:] = np.clip(values[TRAINED:], values[:TRAINED].min(), values[:TRAINED].max())
    size, town, kind = (chance.integers(0, count, rows) for count in (3, 12, 5))
    at = [datetime(2021, 3, 1, tzinfo=UTC) + timedelta(minutes=int(one)) for one in chance.integers(0, 400_000, rows)]
    amount = numbers["a"] + 0.3 * numbers["b"] + (town % 4) - 2.0 * size + 0.5 * kind + chance.normal(size=rows)
    columns: dict[str, Column] = {name: values.tolist() for name, values in numbers.items()}
    columns |= {
        "same": [7.0] * TRAINED + chance.normal(7, 1, TESTED).tolist(),
        "yes": (chance.random(rows) < 0.4).tolist(),
        "size": [("small", "middle", "large")[one] for one in size],
        "town": [f"town {one}" for one in town],
        "kind": [f"kind {one}" for one in kind],
        "day": [date(2020, 1, 1) + timedelta(days=int(one)) for one in chance.integers(0, 900, rows)],
        "at": at,
        "amount": amount.tolist(),
        "event": [CLASSES["event"][int(one > 2)] for one in amount],
        "grade": [("low", "middle", "high")[int(one > 1) + int(one > 4)] for one in amount],
    }
    _spoil(columns, chance)
    return columns


def _spoil(columns: dict[str, Column], chance: np.random.Generator) -> None:
    """Gaps in training rows; in test rows also unseen labels and NaN."""
    lowest = {name: columns[name].index(min(columns[name][:TRAINED])) for name in ("b", "c")}
    for name in ("b", "c", "kind", "day", "at", "yes"):
        for row in np.flatnonzero(chance.random(TRAINED) < 0.06).tolist():
            if row != lowest.get(name):
                columns[name][row] = None
    kinds = [KINDS[row % len(KINDS)] for row in range(TESTED)]
    for row, tried in enumerate(kinds, TRAINED):
        if tried == "unseen label":
            columns[CATEGORIES[row % 3]][row] = "never seen"
        elif tried == "null":
            for name in (NUMBERS[row % 4], CATEGORIES[row % 3], "day", "at", "yes"):
                columns[name][row] = None
        elif tried == "NaN":
            columns[NUMBERS[row % 4]][row] = float("nan")
    columns["part"] = ["train"] * TRAINED + ["test"] * TESTED
    columns["kind of row"] = ["training"] * TRAINED + kinds


_PLAIN = {"model": {"kind": "linear", "params": {}}}


_linear = partial(regression.LinearRegression, regParam=1e-4)
_logistic = partial(classification.LogisticRegression, regParam=1e-4)
_svc = partial(classification.LinearSVC, maxIter=8)
_HOT = 4 + 4 + 13 + 6  # the numbers, and of each category its levels and one for all others


def _step(name: str, columns: tuple[str, ...], keys: Mapping[str, Any], **equivalent: Any) -> Case:
    group, _, what = name.partition(": ")
    numbers = equivalent.pop("numbers", [one for one in columns if one in (*NUMBERS, "same")])
    categories = [one for one in columns if one in CATEGORIES]
    return Case(
        group,
        what,
        "amount",
        columns,
        {**_PLAIN, **keys},
        lambda: EquivalentPipeline(_linear(), numbers, categories, **equivalent),
    )


def _missing(name: str, choice: Any, impute: str) -> Case:
    return _step(
        f"imputation: {name}",
        NUMBERS,
        {"clean": {"missing": {"numeric": choice}}, "features": {"numeric": "none"}},
        impute=impute,
        together=True,
    )


def _scaled(name: str, kind: str, columns: tuple[str, ...] = NUMBERS, **equivalent: Any) -> Case:
    return _step(f"scaling: {name}", columns, {"features": {"numeric": kind}}, scale=kind, **equivalent)


def _encoded(name: str, kind: str, columns: tuple[str, ...] = CATEGORIES, **equivalent: Any) -> Case:
    keys = {"features": {"categorical": kind, "numeric": "none"}, **equivalent.pop("keys", {})}
    return _step(f"encoding: {name}", columns, keys, encode=kind, **equivalent)


def _bounded(name: str, outliers: Mapping[str, Any], sql: str) -> Case:
    keys = {"clean": {"outliers": outliers}, "features": {"numeric": "standard"}}
    statement = f"SELECT *, {sql} AS e FROM __THIS__"
    return _step(f"outliers: {name}", NUMBERS, keys, scale="standard", numbers=["a", "b", "c", "e"], sql=statement)


def _steps() -> Iterator[Case]:
    constant = "SELECT *, coalesce(nanvl(a, 0), 0) AS e FROM __THIS__"
    missing = "SELECT *, CAST(b IS NULL OR isnan(b) AS DOUBLE) AS e FROM __THIS__"
    yield _missing("mean", "mean", "mean")
    yield _missing("median", "median", "median")
    yield _missing("mode", "mode", "mode")
    keys: dict[str, Any] = {"clean": {"missing": {"numeric": 0.0}}, "features": {"numeric": "none"}}
    yield _step("imputation: a constant", ("a",), keys, numbers=[], sql=constant, extra=["e"])
    keys = {"clean": {"missing": {"indicator": True}}, "features": {"numeric": "none"}}
    yield _step("imputation: with a column that says so", ("a", "b"), keys, sql=missing, extra=["e"])
    yield _encoded("one-hot, OneHotEncoder(keep)", "one_hot")
    yield _encoded("one-hot, OneHotEncoder as it is by default", "one_hot", hot={})
    yield _encoded("one-hot, OneHotEncoder(dropLast=False)", "one_hot", hot={"dropLast": False})
    yield _encoded("one-hot beside numbers", "one_hot", (*NUMBERS, *CATEGORIES))
    yield _encoded("label", "label")
    yield _encoded("label beside numbers", "label", (*NUMBERS, *CATEGORIES))
    yield _encoded("target", "target", keys={"features": {"categorical": "target", "numeric": "none"}})
    order = ["small", "middle", "large"]
    yield _encoded("label, in an order that is given", "label", ("a", "size"), order=order, keys=_ordered(order))
    mode = {"clean": {"missing": {"categorical": "mode"}}}
    yield _encoded("one-hot, the mode for missing labels", "one_hot", keys=mode)
    few = {"features": {"categorical": "one_hot", "numeric": "none", "max_categories": 4}}
    yield _encoded("one-hot, the four most frequent labels", "one_hot", ("a", "town"), keys=few)
    yield _scaled("standard", "standard")
    yield _scaled("standard, a constant column", "standard", (*NUMBERS, "same"))
    yield _scaled("min-max", "min_max")
    yield _scaled("min-max to -1 … 1 (ours has 0 … 1)", "min_max", scaler={"min": -1.0, "max": 1.0})
    yield _scaled("min-max, a constant column", "min_max", (*NUMBERS, "same"))
    yield _scaled("max-abs", "max_abs")
    yield _scaled("robust", "robust")
    yield _bounded("IQR, clipped", {"rule": "iqr"}, "least(greatest(d, 0D), 60D)")
    yield _bounded(
        "z-score, made missing", {"rule": "zscore", "action": "null"}, "CASE WHEN d BETWEEN 0D AND 60D THEN d END"
    )
    yield _bounded("quantiles, clipped", {"rule": "quantile"}, "least(greatest(d, 0D), 60D)")
    yield _dated("day", "date")
    yield _dated("at", "timestamp")
    flag = "SELECT *, coalesce(CAST(yes AS DOUBLE), 0D) AS e FROM __THIS__"
    yield _step("booleans: as 0 and 1", ("a", "yes"), {"features": {"numeric": "none"}}, sql=flag, extra=["e"])


def _ordered(order: list[str]) -> dict[str, Any]:
    return {"columns": {"order": {"size": order}}, "features": {"categorical": "label", "numeric": "none"}}


def _dated(column: str, kind: str) -> Case:
    made = f"coalesce(double(month({column})), 6D) AS e, coalesce(double(weekday({column})), 3D) AS f"
    sql = f"SELECT *, {made} FROM __THIS__"
    return _step(f"dates: parts of a {kind}", ("a", column), {"timezone": "Europe/Berlin"}, sql=sql, extra=["e", "f"])


def _model(
    name: str, target: str, kind: str, params: Mapping[str, Any], model: Callable[[], Any], **more: Any
) -> Iterator[Case]:
    """An algorithm over numbers with gaps and categories; trees both ways, as labels and one-hot."""
    steps = {"scale": more.pop("scale", "none")}
    after = more.pop("after", _nothing)
    for encode in more.pop("encodings", ("one_hot",)):
        keys = {"model": {"kind": kind, "params": dict(params)}, "features": {"categorical": encode}}
        named = f"{name}, {'labels' if encode == 'label' else 'one-hot'}" if kind in _TREES else name
        yield Case(
            "algorithms",
            named,
            target,
            (*NUMBERS, *CATEGORIES),
            keys,
            partial(_equivalent, model, encode=encode, **steps),
            after,
        )


def _equivalent(model: Callable[[], Any], **steps: Any) -> EquivalentPipeline:
    return EquivalentPipeline(model(), NUMBERS, CATEGORIES, **steps)


_TREES = ("tree", "forest", "boosted_trees", "xgboost")
_BOTH = ("label", "one_hot")


def _algorithms() -> Iterator[Case]:
    yield from _linear_models()
    yield from _trees()
    yield from _others()
    yield from _xgboost()


def _linear_models() -> Iterator[Case]:
    yield from _model("linear regression", "amount", "linear", {}, _linear, scale="standard")
    net = {"reg_param": 0.1, "elastic_net_param": 0.5}
    lasso = partial(regression.LinearRegression, regParam=0.1, elasticNetParam=0.5)
    yield from _model("linear regression, elastic net", "amount", "linear", net, lasso, scale="standard")
    two, three = "logistic regression, 2 classes", "logistic regression, 3 classes"
    yield from _model(two, "event", "linear", {}, _logistic, scale="standard")
    yield from _model(f"{two}, threshold 0.2", "event", "linear", {}, _logistic, scale="standard", after=_threshold)
    yield from _model(three, "grade", "linear", {}, _logistic, scale="standard")
    yield from _model(f"{three}, thresholds", "grade", "linear", {}, _logistic, scale="standard", after=_thresholds)


def _threshold(model: Any) -> None:
    model.setThreshold(0.2)


def _thresholds(model: Any) -> None:
    model.setThresholds([0.2, 0.5, 0.9])


def _trees() -> Iterator[Case]:
    deep, four = {"max_depth": 5}, {"max_depth": 4}
    many, rounds = {"num_trees": 4} | four, {"max_iter": 4} | four
    for target, tells in (("amount", "regression"), ("event", "2 classes"), ("grade", "3 classes")):
        of = regression if target == "amount" else classification
        suffix = "Regressor" if target == "amount" else "Classifier"
        tree = partial(getattr(of, f"DecisionTree{suffix}"), maxDepth=5, maxBins=64)
        forest = partial(getattr(of, f"RandomForest{suffix}"), numTrees=4, maxDepth=4, maxBins=64)
        boosted = partial(getattr(of, f"GBT{suffix}"), maxIter=4, maxDepth=4, maxBins=64)
        yield from _model(f"tree, {tells}", target, "tree", deep, tree, encodings=_BOTH)
        yield from _model(f"forest, {tells}", target, "forest", many, forest, encodings=_BOTH)
        if target != "grade":
            yield from _model(f"boosted trees, {tells}", target, "boosted_trees", rounds, boosted, encodings=_BOTH)
    yield from _model("forest, 3 classes, thresholds", "grade", "forest", many, forest, after=_thresholds)


def _one_vs_rest() -> Any:
    return classification.OneVsRest(classifier=_svc())


def _others() -> Iterator[Case]:
    few, net = {"max_iter": 8}, {"hidden_layers": [5], "max_iter": 12}
    yield from _model("SVM, 2 classes", "event", "svm", few, _svc, scale="standard")
    yield from _model("SVM, one against the rest", "grade", "svm", few, _one_vs_rest, scale="standard")
    for target, count in (("event", 2), ("grade", 3)):
        perceptron = partial(classification.MultilayerPerceptronClassifier, layers=[_HOT, 5, count], maxIter=12, seed=1)
        yield from _model(f"neural net, {count} classes", target, "neural_net", net, perceptron, scale="standard")
        for kind in ("gaussian", "multinomial", "bernoulli", "complement"):
            bayes = partial(classification.NaiveBayes, modelType=kind)
            yield from _bayes(f"naive Bayes, {kind}, {count} classes", target, kind, bayes)


def _bayes(name: str, target: str, kind: str, model: Callable[[], Any]) -> Iterator[Case]:
    for case in _model(name, target, "naive_bayes", {"model_type": kind}, model, scale="min_max"):
        if kind != "bernoulli":  # which takes nothing but 0 and 1
            yield case
            continue
        keys = dict(case.keys)
        yield Case("algorithms", name, target, CATEGORIES, keys, lambda: EquivalentPipeline(model(), (), CATEGORIES))


def _xgboost() -> Iterator[Case]:
    from xgboost.spark import SparkXGBClassifier, SparkXGBRegressor

    params = {"n_estimators": 6, "max_depth": 4}
    options: dict[str, Any] = {**params, "label_col": "label", "verbosity": 0}
    for target, tells in (("amount", "regression"), ("event", "2 classes"), ("grade", "3 classes")):
        maker: Any = SparkXGBRegressor if target == "amount" else SparkXGBClassifier
        yield from _model(f"XGBoost, {tells}", target, "xgboost", params, partial(maker, **options), encodings=_BOTH)


def cases() -> list[Case]:
    """All cases."""
    return [*_steps(), *_algorithms()]
