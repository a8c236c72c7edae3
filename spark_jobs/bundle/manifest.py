"""The manifest: what a bundle says about itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from spark_jobs.bundle.numerals import Numerals
from spark_jobs.errors import BundleError

NAME = "manifest.json"
GRAPH = "model.onnx"
CLOCK = "clock.json"  # Spark's own table of the time zone, beside the saved stages where the model needs it
KEPT_CLOCK = f"pipeline/{CLOCK}"
_SEAL = re.compile(r'^  "seal": "[0-9a-f]*"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Input:
    """One raw column that the model reads.

    `type` is that of the graph's input (`double` for numbers, booleans, dates and timestamps); `cells`, `formats` and
    `numerals` say how a cell given as text is read. `digits` says of text that a whole number may stand for its digits:
    no level that the model knows is a number in another spelling (007, 1.0).
    """

    name: str
    type: Literal["double", "string"]
    cells: Literal["number", "boolean", "date", "timestamp", "text"]
    formats: tuple[str, ...] = ()
    decimal: str = "."
    digits: bool = False
    thousands: str = ""
    affix: str = ""
    signs: bool = False

    @property
    def numerals(self) -> Numerals:
        """How its numbers are written."""
        return Numerals(self.decimal, self.thousands, self.affix, self.signs)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a reader of a bundle has to know without opening its other files.

    `labels` are in the index order of the pipeline, empty for a regression. `null_sentinel` stands for null in string
    inputs; `null_values` are the texts that count as missing, trimmed; what names no offset from UTC is wall time in
    `timezone`. `data` describes the training data, `versions` the software, `parity` the proof that graph and pipeline
    agree (None until there is one). `sha256` has one entry a file, by its path with forward slashes.
    """

    inputs: tuple[Input, ...] = ()
    labels: tuple[str, ...] = ()
    null_sentinel: str = "\x00"
    null_values: tuple[str, ...] = ("",)
    timezone: str = "UTC"
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parity: Mapping[str, Any] | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)


def to_json(manifest: Manifest) -> str:
    """The manifest as text: the same manifest gives the same bytes, sealed with their own SHA-256."""
    keys = {**asdict(manifest), "seal": ""}
    text = json.dumps(keys, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    return _SEAL.sub(f'  "seal": "{_sha256(text)}"', text)


def from_json(text: str) -> Manifest:
    """The manifest that `to_json` wrote.

    Raises:
        JobError: the text is not a manifest, or not as it was written.
    """
    try:
        keys = json.loads(text)
        inputs = tuple(Input(**{**item, "formats": tuple(item["formats"])}) for item in keys["inputs"])
        known = {key: keys[key] for key in (field.name for field in fields(Manifest))}
        lists = {"inputs": inputs, "labels": tuple(keys["labels"]), "null_values": tuple(keys["null_values"])}
        manifest, seal = Manifest(**{**known, **lists}), keys["seal"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{NAME} is not a manifest: {type(error).__name__} {error}.") from error
    if seal != _sha256(_SEAL.sub('  "seal": ""', text)):
        raise BundleError(f"{NAME} is not the one that was written.")
    return manifest


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
