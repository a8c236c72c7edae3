"""The manifest: what a bundle says about itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from spark_jobs.errors import JobError

NAME = "manifest.json"
GRAPH = "model.onnx"


@dataclass(frozen=True, slots=True)
class Input:
    """One raw column that the model reads.

    `type` is that of the graph's input (`double` for numbers, booleans, dates and timestamps); `cells`, `formats` and
    `decimal` say how a cell given as text is read.
    """

    name: str
    type: Literal["double", "string"]
    cells: Literal["number", "boolean", "date", "timestamp", "text"]
    formats: tuple[str, ...] = ()
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a reader of a bundle has to know without opening its other files.

    `labels` are in the index order of the pipeline, empty for a regression. `null_sentinel` stands for null in string
    inputs. `data` describes the training data, `versions` the software, `parity` the proof that graph and pipeline
    agree (None until there is one). `sha256` has one entry a file, by its path with forward slashes.
    """

    inputs: tuple[Input, ...] = ()
    labels: tuple[str, ...] = ()
    null_sentinel: str = "\x00"
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parity: Mapping[str, Any] | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)


def to_json(manifest: Manifest) -> str:
    """The manifest as text: the same manifest gives the same bytes."""
    return json.dumps(asdict(manifest), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Manifest:
    """The manifest that `to_json` wrote.

    Raises:
        JobError: the text is not a manifest.
    """
    try:
        keys = json.loads(text)
        inputs = tuple(Input(**{**item, "formats": tuple(item["formats"])}) for item in keys["inputs"])
        known = {key: keys[key] for key in (field.name for field in fields(Manifest))}
        return Manifest(**{**known, "inputs": inputs, "labels": tuple(keys["labels"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobError(
            f"{NAME} is not a manifest: {type(error).__name__} {error}.", "Take the bundle from its registry again."
        ) from error
