"""Label and target encoding together: trees split by the level's index and by its mean of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.features.index import index_graph, index_outputs
from spark_jobs.features.target_lookup import folded_stages, lookup_graph, lookup_outputs, lookup_stages

if TYPE_CHECKING:
    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block


def _graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    return lookup_graph(stages, inputs, positions) | index_graph([], inputs, positions)


STEP = Encoder(
    "label and target mean",
    lookup_stages,
    lookup_outputs,
    folded=folded_stages,
    unscaled=index_outputs,
    saved=("SQLTransformer",),
    graph=_graph,
)
