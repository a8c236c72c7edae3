"""Compilation of a saved Spark pipeline to one ONNX graph, stage by stage.

The fitted numbers come from the saved pipeline, the steps from the plan. A pipeline that does not match its plan is
refused. Neither Spark nor Java is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spark_jobs.bundle.stages import Stage, read_pipeline
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import JobError
from spark_jobs.features import (
    NONE,
    CategoryInput,
    Encoder,
    NumberInput,
    StepGroup,
    encoder_groups,
    find_encoder,
    find_scaler,
    find_step,
    step_groups,
)
from spark_jobs.features import columns as raw_columns
from spark_jobs.features.calendar import TimezoneTable
from spark_jobs.features.cast import flag_name, statement
from spark_jobs.features.index import check_saved
from spark_jobs.graph.timezone import load_timezone_table
from spark_jobs.models import find
from spark_jobs.ops.arithmetic import as_column, hstack, is_nan, number, take_columns, where
from spark_jobs.ops.dialect import build, number_input, text_input
from spark_jobs.ops.lookup import named
from spark_jobs.ops.vector import Block, Dense, Vector
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from onnx import ModelProto

    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.output import Output

_SENTINEL = "⟨null⟩"
_AS_THEY_ARE = ("text", "number")  # plain numbers are cleaned together, by `features.columns.numbers`
_ADVICE = "Train again with this version, or with `graph: skip`."


def compile_graph(plan: Plan, pipeline: Path, sentinel: str) -> ModelProto:
    """Compile a saved pipeline to an ONNX graph.

    Inputs are tensors `[N]`, one for each raw column of `plan.used`: string for text, else double. Outputs are
    `prediction` `[N]`, for classes `probabilities` or `margin`, and `valid` `[N]` (whether all outputs are finite).

    Args:
        sentinel: The text that stands for null in string inputs; see `sentinel_for`.

    Raises:
        JobError: A stage or parameter does not match the plan or has no graph.
    """
    inputs = {name: text_input() if plan.type_of(name).cells == "text" else number_input() for name in plan.used}
    work = _Work(plan, iter(read_pipeline(pipeline)), inputs, sentinel, load_timezone_table(plan, pipeline))
    features = work.features()
    return build(inputs, _outputs(plan, _answer(plan, work.last(), features)))


def sentinel_for(plan: Plan) -> str:
    """Return a text for null such that neither it nor its doubling is a level of the model.

    A real text equal to the sentinel is passed to the graph doubled.
    """
    sentinel = _SENTINEL
    while any({sentinel, sentinel * 2} & set(one.levels) for one in plan.categories):
        sentinel += "⟩"
    return sentinel


def _answer(plan: Plan, model: Stage, features: Vector) -> Output:
    algorithm = find(plan.model)
    if algorithm.graph is None:
        raise JobError(f"`model.kind: {plan.model}` has no ONNX graph.", _ADVICE)
    model.expect_kind(*algorithm.saved)
    model.expect(featuresCol="features", predictionCol="prediction")
    model.expect_classes(model.extra.get("numClasses", plan.problem.classes), plan.problem.classes)
    return algorithm.graph(model, features, plan.problem.classes)


def _outputs(plan: Plan, output: Output) -> dict[str, Value]:
    if output.value is not None:
        return {"prediction": output.value, "valid": output.valid}
    assert output.class_index is not None
    outputs = {"prediction": named(output.class_index, plan.problem.labels)}
    if output.probabilities is not None:
        outputs["probabilities"] = output.probabilities
    elif output.margin is not None:
        outputs["margin"] = output.margin
    return outputs | {"valid": output.valid}


@dataclass(frozen=True)
class _Column:
    """A column of the pipeline: its matrix, its position there, and the matrix's width."""

    matrix: Value
    place: int
    width: int


class _Work:
    """One pass over the saved stages, in the order in which `fit_features` created them."""

    def __init__(
        self, plan: Plan, stages: Iterator[Stage], inputs: Mapping[str, Value], sentinel: str, clock: TimezoneTable
    ) -> None:
        self.plan, self.stages, self.sentinel, self.clock = plan, stages, sentinel, clock
        self.types: dict[str, ColumnType] = {kind.name: kind for kind in plan.types}
        self.raw = {
            name: value if self.types[name].cells in _AS_THEY_ARE else raw_columns.raw_number(value, self.types[name])
            for name, value in inputs.items()
        }
        self.columns: dict[str, _Column] = {}
        self.blocks: dict[str, Sequence[Block]] = {}

    def take(self, kind: str) -> Stage:
        """Return the next stage, which must be of this kind."""
        stage = next(self.stages, None)
        if stage is None or stage.kind != kind:
            found = "no stage" if stage is None else f"{stage.folder.name}, a {stage.kind},"
            raise JobError(f"The saved pipeline has {found} where its plan expects a {kind}.", _ADVICE)
        return stage

    def last(self) -> Stage:
        """Return the model, which must be the last stage."""
        stage, after = next(self.stages, None), next(self.stages, None)
        if stage is None or after is not None:
            raise JobError("The saved pipeline must end with exactly one model.", _ADVICE)
        return stage

    def features(self) -> Vector:
        """Return the feature vector."""
        self._cast()
        for group in step_groups(self.plan.numbers):
            self._step(group)
        self._encoded()
        for kind in self._scales():
            self._scaled(kind)
        assembler = self.take("VectorAssembler")
        assembler.expect(outputCol="features", handleInvalid="error")
        blocks = [block for name in assembler.inputs for block in self._blocks_of(name)]
        return Vector(tuple(blocks))

    def _cast(self) -> None:
        plan = self.plan
        self.take("SQLTransformer").expect(statement=statement(plan.inputs, self.types, plan.timezone))
        flags = [one for one in plan.inputs if one.indicator]
        if plan.numbers:
            self._impute(plan.numbers)
        for one in flags:
            if flag_name(one.slot) not in self.columns:
                kind, column = self.types[one.column], self.raw[one.column]
                value = raw_columns.flag(one, kind, column, self.clock, self.sentinel)
                self._put([flag_name(one.slot)], as_column(value))

    def _impute(self, inputs: Sequence[NumberInput]) -> None:
        values = raw_columns.numbers(inputs, self.types, self.raw, self.clock)
        self._put([flag_name(one.slot) for one in inputs], number(is_nan(values)))
        imputer = self.take("ImputerModel")
        outputs = [one.columns[0] for one in inputs]
        imputer.expect(missingValue="NaN")
        imputer.expect_columns([one.slot for one in inputs], outputs)
        fills = imputer.row()
        moved = raw_columns.shifted(values, inputs)
        filled = where(is_nan(moved), np.array([[fills[one.slot] for one in inputs]]), moved)
        self._put(outputs, filled)

    def _step(self, group: StepGroup) -> None:
        step = find_step(group.role, group.kind)
        if step.graph is None:
            raise JobError(f"The step '{group.kind}' of `features.steps` has no ONNX graph.", _ADVICE)
        stages = [self.take(one) for one in step.saved]
        self._put(group.outputs, step.graph(stages, group.sources, group.outputs, self._matrix(group.sources)))

    def _encoded(self) -> None:
        indexed_ones = [one for one in self.plan.categories if find_encoder(one.encode).positions]
        plain = any(not one.ordered for one in indexed_ones)
        count = plain + sum(one.ordered for one in indexed_ones)
        check_saved([self.take("StringIndexerModel") for _ in range(count)], indexed_ones)
        positions = {one.slot: self._position(one) for one in self.plan.categories}
        for kind, group in encoder_groups(self.plan.categories).items():
            encoder = find_encoder(kind)
            self._encode(kind, encoder, group, [positions[one.slot] for one in group])

    def _position(self, one: CategoryInput) -> Value:
        kind, value = self.types[one.column], self.raw[one.column]
        return raw_columns.position(one, kind, value, self.clock, self.sentinel)

    def _encode(self, kind: str, encoder: Encoder, group: Sequence[CategoryInput], positions: Sequence[Value]) -> None:
        if encoder.graph is None:
            raise JobError(f"`features.categorical: {kind}` has no ONNX graph.", _ADVICE)
        stages = [self.take(one) for one in encoder.saved]
        for name, blocks in encoder.graph(stages, group, positions).items():
            self.blocks[name] = blocks

    def _scales(self) -> list[str]:
        supervised = [one for one in self.plan.categories if find_encoder(one.encode).supervised]
        kinds = dict.fromkeys([*(one.scale for one in self.plan.numbers), *(one.scale for one in supervised)])
        return [kind for kind in kinds if kind != NONE]

    def _scaled(self, kind: str) -> None:
        scaler = find_scaler(kind)
        if scaler.graph is None:
            raise JobError(f"`features.numeric: {kind}` has no ONNX graph.", _ADVICE)
        assembler, stage = self.take("VectorAssembler"), self.take(scaler.saved)
        assembler.expect(outputCol=f"dense_{kind}", handleInvalid="error")
        values = self._matrix(assembler.inputs)
        stage.expect_columns([f"dense_{kind}"], [f"scaled_{kind}"])
        self.blocks[f"scaled_{kind}"] = [Dense(scaler.graph(stage, values), len(assembler.inputs))]

    def _put(self, names: Sequence[str], matrix: Value) -> None:
        self.columns |= {name: _Column(matrix, place, len(names)) for place, name in enumerate(names)}

    def _blocks_of(self, name: str) -> Sequence[Block]:
        return self.blocks[name] if name in self.blocks else [Dense(self._matrix([name]), 1)]

    def _matrix(self, names: Sequence[str]) -> Value:
        """Concatenate columns to a matrix; adjacent columns of one matrix are sliced together."""
        parts: list[Value] = []
        for run in _runs(names, self.columns):
            first = self.columns.get(run[0])
            if first is None:
                parts.append(Vector(tuple(self._known(run[0]))).dense())
            elif len(run) == first.width:
                parts.append(first.matrix)
            else:
                parts.append(take_columns(first.matrix, [self.columns[name].place for name in run]))
        return hstack(parts)

    def _known(self, name: str) -> Sequence[Block]:
        if name not in self.blocks:
            raise JobError(f"The saved pipeline reads a column that its plan does not produce: {name}.", _ADVICE)
        return self.blocks[name]


def _runs(names: Sequence[str], columns: Mapping[str, _Column]) -> list[list[str]]:
    """Group names into runs of increasing columns of the same matrix, in order."""
    runs: list[list[str]] = []
    for name in names:
        here = columns.get(name)
        before = columns.get(runs[-1][-1]) if runs else None
        if here is not None and before is not None and here.matrix is before.matrix and here.place > before.place:
            runs[-1].append(name)
        else:
            runs.append([name])
    return runs
