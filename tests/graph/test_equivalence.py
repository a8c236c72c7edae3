"""The graph for older runtimes says the same, and is refused where it does not."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from generated_rows import as_feed, drawn_rows
from onnx import numpy_helper
from pipelines import LONG, SHORT

from spark_jobs.errors import JobError
from spark_jobs.graph.compile import compile_graph
from spark_jobs.graph.equivalence import check_same
from spark_jobs.ops.dialect import legacy_opset

ALL = [*SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)]


@pytest.mark.parametrize("pipeline", ALL)
def test_older_operators_say_the_same(pipelines, pipeline):
    made = pipelines[pipeline]
    with legacy_opset():
        model = compile_graph(made.plan, made.folder, made.compiled.sentinel)
    assert {one.domain: one.version for one in model.opset_import}.items() <= {"": 17, "ai.onnx.ml": 3}.items()
    onnx.checker.check_model(model, full_check=True)
    proven, other = made.compiled.model.SerializeToString(), model.SerializeToString()
    check_same(proven, other, made.plan, made.folder, made.compiled.sentinel)
    feed = as_feed(drawn_rows(150, 3), made.plan.used, made.compiled.sentinel)
    for one, two in zip(
        *(onnxruntime.InferenceSession(graph).run(None, feed) for graph in (proven, other)), strict=True
    ):
        if one.dtype.kind == "f":
            np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-9)
        else:
            assert one.tolist() == two.tolist()


def test_another_graph_is_refused_with_what_differs_and_on_how_many_rows(pipelines):
    made = pipelines["logistic, balanced, min-max"]
    other = onnx.ModelProto()
    other.CopyFrom(made.compiled.model)
    labels = next(
        node.attribute[0].t
        for node in other.graph.node
        if node.op_type == "Constant" and node.attribute[0].t.data_type == onnx.TensorProto.STRING
    )
    labels.CopyFrom(numpy_helper.from_array(np.roll(numpy_helper.to_array(labels), 1)))
    graphs = (model.SerializeToString() for model in (made.compiled.model, other))
    with pytest.raises(JobError, match=r"older runtimes differs in 'prediction' on [\d,]+ of [\d,]+ rows") as refused:
        check_same(*graphs, made.plan, made.folder, made.compiled.sentinel)
    assert "--compat" in refused.value.advice
