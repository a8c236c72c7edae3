"""The `stream` section of a spec."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spark_jobs.spec.fields import Location, SpecModel
from spark_jobs.spec.sources import Source


class Stream(SpecModel):
    """How a stream is scored: its source, its trigger and its checkpoint."""

    source: Source | None = Field(default=None, description="The source to stream; default: the spec's `source`.")
    trigger: (
        Literal["available_now", "once"]
        | Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5} ?(ms|s|seconds?|min|minutes?)$")]
    ) = Field(
        default="1 s",
        description="The interval between micro-batches, such as `5 s`. `available_now` scores the available data in "
        "several micro-batches and stops; `once` does so in a single micro-batch.",
    )
    rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The maximum number of rows in a micro-batch (for files: of files)."
    )
    start: Literal["earliest", "latest"] = Field(
        default="earliest", description="Kafka: the offsets from which a stream without a checkpoint starts."
    )
    checkpoint: Location | None = Field(
        default=None, description="The folder of the stream's checkpoint; default: <root>/checkpoints/<name>."
    )
