"""A graph cut in two says what the whole says."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from generated_rows import as_feed, drawn_rows
from pipelines import LABELS, SHORT

from spark_jobs.graph.split_lookups import split_lookups


def run(graph, feed):
    session = onnxruntime.InferenceSession(graph)
    return dict(zip((one.name for one in session.get_outputs()), session.run(None, feed), strict=True))


@pytest.mark.parametrize("pipeline", SHORT)
def test_lookups_and_the_rest_say_what_the_whole_graph_says(pipelines, pipeline):
    made = pipelines[pipeline]
    model = made.compiled.model
    parts = split_lookups(model)
    feed = as_feed(drawn_rows(60, 9), made.plan.used, made.compiled.sentinel)
    texts = {name for name, values in feed.items() if values.dtype == object}
    assert set(parts.lookups) == set(parts.positions) == texts
    assert set(parts.numbers) == set(feed) - texts
    rest = {name: feed[name] for name in parts.numbers}
    for name in texts:
        found = run(parts.lookups[name], {name: feed[name]})
        assert tuple(found) == parts.positions[name]
        assert all(values.dtype == np.int64 for values in found.values())
        rest |= found
    whole, cut = run(model.SerializeToString(), feed), run(parts.rest, rest)
    assert set(whole) == set(cut)
    assert parts.labels == LABELS[made.plan.problem.task]
    if parts.labels:
        assert cut["prediction"].dtype == np.int64
        assert [parts.labels[place] for place in cut["prediction"]] == whole["prediction"].tolist()
    for name in set(whole) - ({"prediction"} if parts.labels else set()):
        np.testing.assert_array_equal(whole[name], cut[name])


def test_the_whole_graph_is_left_as_it_was(pipelines):
    model = pipelines["logistic, balanced, min-max"].compiled.model
    before = model.SerializeToString()
    split_lookups(model)
    assert model.SerializeToString() == before
