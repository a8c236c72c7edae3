"""A level is a 1 in a place of its own; a level not seen in training is all zeros.

All categories of a row are the words of one sentence, which `CountVectorizerModel` looks up in the vocabulary of all
levels: one look a row, where an indexer and an encoder take one each a category.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spark_jobs.features import CategoryInput, Encoder

if TYPE_CHECKING:
    from pyspark.ml import Transformer
    from pyspark.sql import SparkSession

_WORDS, _HOT = "words", "hot"


def _stages(spark: SparkSession, inputs: Sequence[CategoryInput], worth: Sequence[Any]) -> list[Transformer]:
    from pyspark.ml.feature import CountVectorizerModel, SQLTransformer

    words = ", ".join(f"concat('{one.slot} ', {one.slot})" for one in inputs)
    vocabulary = [f"{one.slot} {level}" for one in inputs for level in one.levels]
    sentence = SQLTransformer(statement=f"SELECT *, array({words}) AS {_WORDS} FROM __THIS__")
    return [sentence, CountVectorizerModel.from_vocabulary(vocabulary, _WORDS, _HOT)]


def _outputs(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [_HOT]


def _slots(inputs: Sequence[CategoryInput], targets: int) -> list[str]:
    return [f"{one.title} = {level}" for one in inputs for level in one.levels]


STEP = Encoder("one-hot", _stages, _outputs, _slots, positions=False)
