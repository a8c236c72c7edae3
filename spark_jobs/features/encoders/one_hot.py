"""One-hot encoding; an unseen level is all zeros.

All categories of a row become the words of one array, which `CountVectorizerModel` looks up in the vocabulary of all
levels. This takes one lookup per row, while an indexer and an encoder take two for each category.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.features import CategoryInput, Encoder
from spark_jobs.ops.vector import OneHot

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

    from spark_jobs.bundle.stages import Stage
    from spark_jobs.ops.dialect import Value
    from spark_jobs.ops.vector import Block

_WORDS, _HOT = "words", "hot"


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], encodings: Sequence[Any]) -> list[Transformer]:
    from pyspark.ml.feature import CountVectorizerModel, SQLTransformer

    sentence = SQLTransformer(statement=_statement(inputs))
    return [sentence, CountVectorizerModel.from_vocabulary(_vocabulary(inputs), _WORDS, _HOT)]


def _statement(inputs: Sequence[CategoryInput]) -> str:
    words = ", ".join(f"concat('{one.slot} ', {one.slot})" for one in inputs)
    return f"SELECT *, array({words}) AS {_WORDS} FROM __THIS__"


def _vocabulary(inputs: Sequence[CategoryInput]) -> list[str]:
    return [f"{one.slot} {level}" for one in inputs for level in one.levels]


def _graph(
    stages: Sequence[Stage], inputs: Sequence[CategoryInput], positions: Sequence[Value]
) -> dict[str, list[Block]]:
    sentence, counter = stages
    sentence.expect(statement=_statement(inputs))
    counter.expect(binary=False, minTF=1.0, inputCol=_WORDS, outputCol=_HOT)
    counter.expect_stored("vocabulary", _vocabulary(inputs))
    return {_HOT: [OneHot(place, len(one.levels)) for one, place in zip(inputs, positions, strict=True)]}


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> dict[str, list[str]]:
    return {_HOT: [f"{one.title} = {level}" for one in inputs for level in one.levels]}


STEP = Encoder(
    "one-hot",
    _stages,
    _outputs,
    makes="indicators",
    positions=False,
    saved=("SQLTransformer", "CountVectorizerModel"),
    graph=_graph,
)
