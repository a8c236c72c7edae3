"""The pipeline of the same steps as people write it in plain Spark ML, in the forms that a converter knows best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.feature import (
    Imputer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    SQLTransformer,
    StandardScaler,
    StringIndexer,
    StringIndexerModel,
    TargetEncoder,
    VectorAssembler,
)
from pyspark.sql import DataFrame

LABEL = "label"


@dataclass(frozen=True)
class EquivalentPipeline:
    """What the pipeline does. `hot` are the arguments of its OneHotEncoder, `scaler` those of its scaler,
    and `index` is the order of the categories' indices.

    `sql` comes first, where a step has no stage of its own in Spark ML: `extra` names the numbers that it makes.
    Numbers are imputed one by one unless `together`: to onnxmltools an Imputer of several columns and a OneHotEncoder
    exclude each other.
    """

    model: Any
    numbers: Sequence[str] = ()
    categories: Sequence[str] = ()
    impute: str = "median"
    together: bool = False
    encode: str = "one_hot"
    index: str = "frequencyDesc"
    hot: dict[str, Any] = field(default_factory=lambda: {"handleInvalid": "keep"})
    scale: str = "none"
    scaler: dict[str, Any] = field(default_factory=dict)
    order: Sequence[str] = ()
    sql: str = ""
    extra: Sequence[str] = ()

    def fit(self, rows: DataFrame) -> PipelineModel:
        """The fitted pipeline."""
        return self.pipeline().fit(rows)

    def pipeline(self) -> Pipeline:
        """The pipeline, unfitted."""
        return Pipeline(stages=self._stages())

    def _stages(self) -> list[Any]:
        made: list[Any] = [SQLTransformer(statement=self.sql)] if self.sql else []
        numbers, columns = [*self.numbers], [*self.extra]
        if numbers:
            filled = [f"{name}_filled" for name in numbers]
            made += self._imputers(numbers, filled)
            columns = [*filled, *columns]
        if self.scale != "none":
            made.append(VectorAssembler(inputCols=columns, outputCol="numbers"))
            made.append(_SCALERS[self.scale](inputCol="numbers", outputCol="scaled", **self.scaler))
            columns = ["scaled"]
        encoded = self._encoded(made)
        made.append(VectorAssembler(inputCols=[*columns, *encoded], outputCol="features"))
        return [*made, self.model]

    def _imputers(self, numbers: list[str], filled: list[str]) -> list[Any]:
        if self.together:
            return [Imputer(strategy=self.impute, inputCols=numbers, outputCols=filled)]
        pairs = zip(numbers, filled, strict=True)
        return [Imputer(strategy=self.impute, inputCol=name, outputCol=made) for name, made in pairs]

    def _encoded(self, made: list[Any]) -> list[str]:
        names = [*self.categories]
        if not names:
            return []
        indexed = [f"{name}_index" for name in names]
        if self.order:
            made.append(StringIndexerModel.from_labels(list(self.order), names[0], indexed[0], handleInvalid="keep"))
        else:
            options = {"handleInvalid": "keep", "stringOrderType": self.index}
            made.append(StringIndexer(inputCols=names, outputCols=indexed, **options))
        encoded = [f"{name}_encoded" for name in names]
        if self.encode == "one_hot":
            made.append(OneHotEncoder(inputCols=indexed, outputCols=encoded, **self.hot))
        elif self.encode == "target":
            made.append(
                TargetEncoder(
                    labelCol=LABEL,
                    inputCols=indexed,
                    outputCols=encoded,
                    targetType="continuous",
                    smoothing=5.0,
                    handleInvalid="keep",
                )
            )
        return indexed if self.encode == "label" else encoded


_SCALERS: dict[str, Any] = {
    "standard": lambda **options: StandardScaler(withMean=True, **options),
    "min_max": MinMaxScaler,
    "max_abs": MaxAbsScaler,
    "robust": lambda **options: RobustScaler(withCentering=True, **options),
}
