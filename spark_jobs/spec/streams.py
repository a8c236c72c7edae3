"""How a stream is scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spark_jobs.spec.fields import Location, SpecModel
from spark_jobs.spec.sources import Source


class Stream(SpecModel):
    """How a stream is scored: what is read, how often, and where its place is remembered."""

    source: Source | None = Field(default=None, description="What is streamed; default: the spec's own source.")
    trigger: (
        Literal["available_now", "once"]
        | Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5} ?(ms|s|seconds?|min|minutes?)$")]
    ) = Field(
        default="1 s",
        description="How often a micro-batch begins, such as `5 s`; `available_now` scores what is there in several "
        "micro-batches and ends, `once` in a single one.",
    )
    rows: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The most rows of a micro-batch (for files: the most files)."
    )
    start: Literal["earliest", "latest"] = Field(
        default="earliest", description="Kafka: where a stream without a checkpoint begins."
    )
    checkpoint: Location | None = Field(
        default=None, description="Where a stream's place is remembered; default: <root>/checkpoints/<name>."
    )
