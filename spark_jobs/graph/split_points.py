"""The split thresholds of a graph's trees, converted back through the scaling to values of the raw numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spark_jobs.bundle.stages import Stage
from spark_jobs.features import encoder_groups, find_encoder, find_scaler
from spark_jobs.features.calendar import TimezoneTable
from spark_jobs.plan import Plan

if TYPE_CHECKING:
    from onnx import ModelProto

_AT_MOST, _BELOW = 0, 1


@dataclass(frozen=True, slots=True)
class Scaled:
    """The scaling of a number in the feature vector: `(x - center) * factor`; `factor` is 0 for a constant."""

    slot: str
    center: float = 0.0
    factor: float = 1.0


def split_points(
    plan: Plan, stages: Sequence[Stage], model: ModelProto, clock: TimezoneTable
) -> dict[str, list[float]]:
    """Return for each number, by slot, the values at every tree threshold and their neighbors on both sides."""
    places, shifts = scaled_numbers(plan, stages), {one.slot: one.shift for one in plan.numbers}
    found: dict[str, set[float]] = {}
    for feature, at, below in _splits(model, clock):
        if feature in places and places[feature].factor:
            one = places[feature]
            found.setdefault(one.slot, set()).update(_raw(one, shifts[one.slot], at, below))
    return {slot: sorted(values) for slot, values in found.items()}


def scaled_numbers(plan: Plan, stages: Sequence[Stage]) -> dict[int, Scaled]:
    """Return the scaling of the numbers in the feature vector, by position; those that other steps changed are absent.

    Args:
        plan: The plan of the model.
        stages: The stages of its saved pipeline.
    """
    *_, last = [stage for stage in stages if stage.kind == "VectorAssembler"]
    groups, encoded = dict(_groups(stages)), _encoded(plan)
    features: list[Scaled | None] = []
    for name in last.inputs:
        features += groups.get(name, encoded.get(name, [_unscaled(name)]))
    return {place: one for place, one in enumerate(features) if one is not None}


def _encoded(plan: Plan) -> dict[str, list[None]]:
    """Return as many nothings as each output column of the encoders has features."""
    groups = encoder_groups(plan.categories).items()
    columns = [find_encoder(kind).outputs(group, plan.problem.targets) for kind, group in groups]
    return {name: [None] * len(slots) for one in columns for name, slots in one.items()}


def _groups(stages: Sequence[Stage]) -> Iterator[tuple[str, list[Scaled | None]]]:
    for assembler, scaler in pairwise(stages):
        made = assembler.outputs[0] if assembler.kind == "VectorAssembler" else ""
        affine = find_scaler(made.removeprefix("dense_")).affine if made.startswith("dense_") else None
        if affine is not None:
            numbers = [_unscaled(name) for name in assembler.inputs]
            triples = zip(numbers, *(values.tolist() for values in affine(scaler)), strict=True)
            yield scaler.outputs[0], [one and Scaled(one.slot, center, factor) for one, center, factor in triples]


def _unscaled(name: str) -> Scaled | None:
    return Scaled(name.removesuffix("_filled")) if name.endswith("_filled") else None


def _splits(model: ModelProto, clock: TimezoneTable) -> set[tuple[int, float, bool]]:
    """Return the distinct splits as feature, threshold and whether the comparison is `<` instead of `<=`.

    Time zone tables are left out. Hundreds of thousands of nodes share a few thousand thresholds.
    """
    moments = {float(moment) for moment in clock.moments}
    found: set[tuple[int, float, bool]] = set()
    for node in model.graph.node:
        if node.op_type == "TreeEnsemble":
            given = _attributes(node)
            if not set(given["nodes_splits"].tolist()) <= moments:
                columns = (given[name].tolist() for name in ("nodes_featureids", "nodes_splits", "nodes_modes"))
                asked = zip(*columns, strict=True)
                found |= {(int(f), float(at), mode == _BELOW) for f, at, mode in asked if mode in (_AT_MOST, _BELOW)}
    return found


def _attributes(node: Any) -> Mapping[str, Any]:
    from onnx import AttributeProto, helper, numpy_helper

    return {
        one.name: numpy_helper.to_array(one.t)
        if one.type == AttributeProto.TENSOR
        else np.array(helper.get_attribute_value(one))
        for one in node.attribute
    }


def _raw(one: Scaled, shift: float, at: float, below: bool) -> Iterator[float]:
    """Yield the raw values at and next to a threshold; more of them if scaling may round."""
    near = {*about(at), *(_singles(at) if below else ())}
    if (one.center, one.factor, shift) == (0.0, 1.0, 0.0):
        yield from near
        return
    for value in near:
        yield from about(one.center + value / one.factor + shift)


def _singles(at: float) -> Iterator[float]:
    """Yield the single-precision neighbors and the midpoints between them, where rounding to single decides."""
    single = np.float32(at)
    for side in (-np.inf, np.inf):
        other = float(np.nextafter(single, np.float32(side)))
        yield from (other, *about((float(single) + other) / 2))


def about(value: float) -> tuple[float, float, float]:
    """Return the next smaller double, the number, and the next larger double."""
    return float(np.nextafter(value, -np.inf)), value, float(np.nextafter(value, np.inf))
