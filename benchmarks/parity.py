"""Ours and onnxmltools on the same fitted pipelines: does the graph say what Spark says?

A number is off by more than 1e-9 with ours (1e-5 for XGBoost, which is single precision) and by more than 1e-4 with
onnxmltools, whose graphs are single precision; differences are absolute or, of values above 1, relative. A class is off
where a probability is, or the label unless two classes lead alike.
"""

from __future__ import annotations

import re
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.equivalent_pipelines import LABEL as EQUIVALENT_LABEL
from benchmarks.parity_cases import CLASSES, TESTED, Case, cases, table
from spark_jobs.columns.types import ColumnType
from spark_jobs.graph.verification import Compiled, compile_saved
from spark_jobs.pipeline.persistence import save_pipeline
from spark_jobs.plan import Plan, infer_task, make
from spark_jobs.profile.batch import ScanOptions
from spark_jobs.profile.detect import detect
from spark_jobs.profile.profile import Profile
from spark_jobs.profile.scan import scan_columns, scannable
from spark_jobs.runtime import session
from spark_jobs.spec import Environment, Spec, parse
from spark_jobs.training.fit import fit
from spark_jobs.training.labels import label
from spark_jobs.training.staging import HASH, LABEL, WEIGHT
from spark_jobs.training.training_profile import profile_training_rows

THEIRS = 1e-4
NAMES = ("ours", "onnxmltools, the same pipeline", "onnxmltools, the equivalent pipeline")
OPSETS = (None, 12)
_DAY = 86_400.0


@dataclass(frozen=True)
class Said:
    """What is said of the test rows: numbers or labels, and of classes their probabilities where there are any.

    `lead` is by how much the first class leads the second.
    """

    prediction: np.ndarray[Any, Any]
    shares: np.ndarray[Any, Any] | None = None
    lead: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True)
class Data:
    """The rows as Python has them and as Spark has them, and the profile of the training rows as they were read."""

    columns: Mapping[str, list[Any]]
    train: DataFrame
    test: DataFrame
    raw: Profile

    def tested(self, name: str) -> list[Any]:
        """A column of the test rows."""
        return self.columns[name][-TESTED:]


def run(start: int = 0, stop: int | None = None) -> None:
    """Try all cases (or some of them), and print the table and its totals."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session.open(Environment(root=folder))
        try:
            data, found = _data(spark, Path(folder)), []
            print(f"| case | {' | '.join(NAMES)} |\n|---|---|---|---|")
            for number, case in enumerate(cases()[start:stop], start):
                begun = time.monotonic()
                found.append(_verdicts(spark, data, case, Path(folder) / str(number)))
                print(
                    f"{number} {case.group}: {case.name} {time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True
                )
                print(_line(case, found[-1]), flush=True)
            print(_totals(found))
        finally:
            session.close(spark)


def _line(case: Case, verdicts: Sequence[str]) -> str:
    return f"| {case.group}: {case.name} | " + " | ".join(verdicts) + " |"


def _totals(found: Sequence[Sequence[str]]) -> str:
    lines = ["", "| | equal | WRONG | refused | does not load or run |", "|---|---|---|---|---|"]
    for name, verdicts in zip(NAMES, zip(*found, strict=True), strict=True):
        counts = Counter(_kind(verdict) for verdict in verdicts)
        kinds = ("equal", "WRONG", "refused", "does not")
        lines.append(f"| {name} | " + " | ".join(str(counts[kind]) for kind in kinds) + " |")
    return "\n".join(lines)


def _kind(verdict: str) -> str:
    return "does not" if verdict.startswith("does not") else verdict.split(":")[0].split(",")[0]


def _data(spark: SparkSession, folder: Path) -> Data:
    columns = table()
    names = [name for name in columns if name != "part"]
    whole = pa.table({"id": list(range(len(columns["a"]))), **{name: columns[name] for name in columns}})
    spark.createDataFrame(whole).coalesce(1).write.parquet(str(folder / "rows"))
    rows = spark.read.parquet(str(folder / "rows"))
    train, test = (rows.where(F.col("part") == part).select("id", *names) for part in ("train", "test"))
    raw = scan_columns(train, scannable(train), depth=ScanOptions(quantiles=False, reading=True, levels=1000))
    return Data(columns, train, test, raw)


def _verdicts(spark: SparkSession, data: Data, case: Case, folder: Path) -> tuple[str, str, str]:
    plan, loaded = _trained(data, case, folder)
    compiled = compile_saved(plan, folder, loaded, spark)
    answers = _of_pipeline(compiled.loaded.transform(data.test), F.col("_row.id"), plan.problem.labels)
    ours = _own_verdict(data, case, plan, compiled, answers)
    same = _their_verdict(spark, data, case, compiled.loaded, answers, plan.problem.labels)
    equivalent = case.equivalent().fit(data.train.withColumn(EQUIVALENT_LABEL, _index(case.target)))
    case.after(equivalent.stages[-1])
    classes = CLASSES[case.target]
    theirs = _their_verdict(
        spark, data, case, equivalent, _of_pipeline(equivalent.transform(data.test), F.col("id"), classes), classes
    )
    return ours, same, theirs


def _index(target: str) -> Column:
    if not CLASSES[target]:
        return F.col(target)
    return (F.array_position(F.array(*[F.lit(one) for one in CLASSES[target]]), F.col(target)) - 1).cast("double")


def _trained(data: Data, case: Case, folder: Path) -> tuple[Plan, PipelineModel]:
    """The plan of a pipeline, which is fitted as our training does it; and that pipeline, saved and loaded again."""
    spec = _spec(case)
    kinds = {kind.name: kind for kind in detect(data.raw, spec) if kind.name in (*case.columns, case.target)}
    problem = infer_task(spec, data.raw[case.target], kinds[case.target])
    rows = data.train.select(
        *case.columns,
        case.target,
        label(problem, kinds[case.target], spec.timezone).alias(LABEL),
        F.lit(1.0).alias(WEIGHT),
        F.xxhash64("id").alias(HASH),
    )
    training_profile = profile_training_rows(rows, spec, kinds, problem)
    plan = make(spec, list(kinds.values()), problem, training_profile.profile, training_profile.drops)
    trained = fit(training_profile.rows, plan, training_profile.profile, {})
    case.after(trained.pipeline.stages[-1])
    return plan, save_pipeline(trained.pipeline, folder, data.train.sparkSession)


def _spec(case: Case) -> Spec:
    keys = {"name": "parity", "source": "rows.parquet", "target": case.target, **case.keys}
    return parse(keys | {"clean": {"duplicates": {"by": "none"}, **keys.get("clean", {})}})


def _of_pipeline(scored: DataFrame, row: Column, labels: Sequence[str]) -> Said:
    names = [name for name in ("probability", "rawPrediction") if name in scored.columns]
    scores = vector_to_array(F.col(names[0])) if names else F.lit(None)
    told = scored.select(row.alias("id"), "prediction", scores.alias("scores")).toArrow().sort_by("id").to_pydict()
    if not labels:
        return Said(np.array(told["prediction"]))
    found, said = np.array([labels[int(one)] for one in told["prediction"]]), np.array(told["scores"])
    ordered = np.sort(said, axis=1)
    return Said(found, said if names[0] == "probability" else None, ordered[:, -1] - ordered[:, -2])


def _own_verdict(data: Data, case: Case, plan: Plan, compiled: Compiled, answers: Said) -> str:
    import onnxruntime

    feed = {name: _given(data.tested(name), plan.type_of(name), compiled.sentinel) for name in plan.used}
    told = onnxruntime.InferenceSession(compiled.model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [one.name for one in told.get_outputs()]
    found = dict(zip(names, told.run(names, feed), strict=True))
    return _verdict(answers, Said(np.array(found["prediction"]), found.get("probabilities")), case.bound)


def _given(values: list[Any], kind: ColumnType, sentinel: str) -> np.ndarray[Any, Any]:
    if kind.cells == "text":
        return np.array([sentinel if one is None else one for one in values], dtype=object)
    if kind.cells == "date":
        days = np.array(values, dtype="datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype(np.int64) * _DAY)
    if kind.cells == "timestamp":
        return np.array([np.nan if one is None else one.timestamp() for one in values])
    return np.array([np.nan if one is None else float(one) for one in values])


def _their_verdict(
    spark: SparkSession, data: Data, case: Case, model: PipelineModel, answers: Said, labels: Sequence[str]
) -> str:
    """With the newest operators and, where that graph does not load, with those that most of its converters know."""
    texts = {name for name in case.columns if isinstance(data.tested(name)[0], str)}
    reasons: list[str] = []
    for opset in OPSETS:
        found = _converted(spark, data, case, model, opset, texts)
        if isinstance(found, dict):
            return _verdict(answers, _said(found, labels), THEIRS)
        reasons.append(found)
        if found.startswith("refused"):
            break
    return reasons[0]


def _converted(
    spark: SparkSession, data: Data, case: Case, model: PipelineModel, opset: int | None, texts: set[str]
) -> dict[str, Any] | str:
    """What onnxmltools' graph says of the test rows, or why it says nothing; each converter raises its own errors."""
    import onnxruntime
    from onnxmltools import convert_sparkml  # type: ignore[import-untyped]
    from onnxmltools.convert.common.data_types import (  # type: ignore[import-untyped]
        FloatTensorType,
        StringTensorType,
    )

    kinds = [(name, (StringTensorType if name in texts else FloatTensorType)([None, 1])) for name in case.columns]
    try:
        with redirect_stdout(StringIO()):  # some of its converters print
            graph = convert_sparkml(model, "theirs", kinds, spark_session=spark, target_opset=opset)
    except Exception as error:
        return f"refused: {_reason(error)}"
    try:
        told = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:
        return f"does not load: {_reason(error)}"
    feed = {one.name: _theirs(data.tested(one.name), one.name in texts) for one in told.get_inputs()}
    names = [one.name for one in told.get_outputs()]
    try:
        return dict(zip(names, told.run(names, feed), strict=True))
    except Exception as error:
        return f"does not run: {_reason(error)}"


def _theirs(values: list[Any], text: bool) -> np.ndarray[Any, Any]:
    """Their graphs have no null: text that is not there is the empty text, as unknown as it."""
    if text:
        return np.array([["" if one is None else one] for one in values], dtype=object)
    numbers = [[np.nan if one is None or not isinstance(one, int | float) else float(one)] for one in values]
    return np.array(numbers, dtype=np.float32)


def _said(found: Mapping[str, Any], labels: Sequence[str]) -> Said:
    prediction = np.array(found["prediction"]).reshape(-1)
    if not labels:
        return Said(prediction.astype(np.float64))
    named = np.array([labels[int(one)] if 0 <= one < len(labels) else "?" for one in prediction])
    shares = found.get("probability")
    return Said(named, None if shares is None else np.array(shares, dtype=np.float64).reshape(len(named), -1))


def _verdict(spark: Said, graph: Said, bound: float) -> str:
    if spark.prediction.dtype.kind == "f":
        off = _apart(spark.prediction, graph.prediction)
        wrong = ~(off <= bound)
        return _worded(wrong, off)
    assert spark.lead is not None
    other = (spark.prediction != graph.prediction) & (spark.lead > bound)
    if spark.shares is None or graph.shares is None:
        return _worded(other, other.astype(float))
    if spark.shares.shape != graph.shares.shape:
        return f"WRONG: probabilities of another shape, {graph.shares.shape}"
    off = _apart(spark.shares, graph.shares).max(axis=1)
    return _worded(other | ~(off <= bound), off)


def _worded(wrong: np.ndarray[Any, Any], off: np.ndarray[Any, Any]) -> str:
    known = off[np.isfinite(off)]
    largest = float(known.max(initial=0.0))
    if not wrong.any():
        return f"equal, {largest:.0e}"
    nan = int((~np.isfinite(off)).sum())
    return f"WRONG: {int(wrong.sum())} of {len(wrong)} rows, " + (f"{nan} are NaN" if nan else f"up to {largest:.2g}")


def _apart(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    with np.errstate(invalid="ignore"):
        apart: np.ndarray[Any, Any] = np.abs(one - other) / np.maximum(np.abs(one), 1.0)
    return np.where(one == other, 0.0, apart)


def _reason(error: Exception) -> str:
    """The telling part of an error, short enough for a table."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", " ".join(str(error).split())).replace("|", "/")
    found = re.search(r"No proper operator name found for '<class '[\w.]*?(\w+)'>'", text)
    if found:
        return f"no converter for {found[1]}"
    starts = ("Type parameter", "Unrecognized attribute", "Could not find an implementation", "Status Message")
    text = next((text[text.index(start) :] for start in starts if start in text), text)
    short = textwrap.shorten(re.sub(r"\(tensor.*", "", text), 64, placeholder=" …").rstrip(" .:")
    return short or type(error).__name__
