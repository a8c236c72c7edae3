"""Splitting a graph into text lookups, which run once for each distinct text, and the rest, which runs on every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto


@dataclass(frozen=True)
class SplitLookups:
    """A graph in parts, each serialized: a lookup for each text input, and the rest from level indices and numbers on.

    `rest` outputs a class index where the complete graph outputs its label. `positions` are the names of its inputs for
    the results of each lookup.
    """

    lookups: Mapping[str, bytes]
    positions: Mapping[str, tuple[str, ...]]
    rest: bytes
    numbers: tuple[str, ...]
    labels: tuple[str, ...]


def split_lookups(model: ModelProto) -> SplitLookups:
    """Split a graph that `compile_graph` created."""
    import onnx

    texts = [one.name for one in model.graph.input if one.type.tensor_type.elem_type == onnx.TensorProto.STRING]
    first = {name: [node for node in model.graph.node if name in node.input] for name in texts}
    rest, labels = _rest(model, first)
    return SplitLookups(
        lookups={name: _lookup(model, name, nodes) for name, nodes in first.items()},
        positions={name: tuple(node.output[0] for node in nodes) for name, nodes in first.items()},
        rest=rest.SerializeToString(),
        numbers=tuple(one.name for one in model.graph.input if one.name not in texts),
        labels=labels,
    )


def _lookup(model: ModelProto, name: str, nodes: list[NodeProto]) -> bytes:
    from onnx import TensorProto, helper

    asked = helper.make_tensor_value_info(name, TensorProto.STRING, ["N"])
    found = [helper.make_tensor_value_info(node.output[0], TensorProto.INT64, ["N"]) for node in nodes]
    graph = helper.make_graph(nodes, "lookup", [asked], found)
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return bytes(made.SerializeToString())


def _rest(model: ModelProto, first: Mapping[str, list[NodeProto]]) -> tuple[ModelProto, tuple[str, ...]]:
    from onnx import ModelProto, TensorProto, helper

    rest = ModelProto()
    rest.CopyFrom(model)
    gone = {node.output[0] for nodes in first.values() for node in nodes}
    labels = _unnamed(rest.graph)
    kept = [node for node in rest.graph.node if not gone & set(node.output)]
    inputs = [one for one in rest.graph.input if one.name not in first]
    inputs += [helper.make_tensor_value_info(name, TensorProto.INT64, ["N"]) for name in sorted(gone)]
    del rest.graph.node[:], rest.graph.input[:]
    rest.graph.node.extend(kept)
    rest.graph.input.extend(inputs)
    return rest, labels


def _unnamed(graph: GraphProto) -> tuple[str, ...]:
    """Make the graph output the class index instead of the label, in place, and return the labels in index order."""
    from onnx import TensorProto, numpy_helper

    output = next(one for one in graph.output if one.name == "prediction")
    if output.type.tensor_type.elem_type != TensorProto.STRING:
        return ()
    makers = {node.output[0]: node for node in graph.node}
    namer = makers["prediction"]
    while namer.op_type == "Identity":
        namer = makers[namer.input[0]]
    table = numpy_helper.to_array(makers[namer.input[0]].attribute[0].t)
    places = namer.input[1]
    last = makers["prediction"]
    last.op_type = "Identity"
    del last.input[:], last.attribute[:]
    last.input.append(places)
    output.type.tensor_type.elem_type = TensorProto.INT64
    return tuple(one.decode() if isinstance(one, bytes) else str(one) for one in table)
