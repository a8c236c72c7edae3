"""The manifest, which describes a bundle's inputs, outputs, origin and files."""

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
REPORT = "report.html"  # of a registered version: it is added when the version is known
CLOCK = "clock.json"  # Spark's time zone table, next to the saved stages if the model needs it
KEPT_CLOCK = f"pipeline/{CLOCK}"
_SEAL = re.compile(r'^  "seal": "[0-9a-f]*"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Input:
    """One raw column that the model uses.

    `type` is the type of the graph's input (`double` for numbers, booleans, dates and timestamps). `cells`, `formats`
    and `numerals` define how text is parsed. `digits`, for text: an integer may be passed instead of its digits, since
    no level of the model is a number in another spelling (007, 1.0).
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
        """The number format of the column."""
        return Numerals(self.decimal, self.thousands, self.affix, self.signs)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a reader of a bundle needs to know without opening its other files.

    `labels` are in the pipeline's index order, and empty for regression. `null_sentinel` stands for null in string
    inputs; `null_values` are the trimmed texts that mean null. Times without a UTC offset are local times in
    `timezone`. `data` describes the training data, `versions` the software, `parity` the comparison of graph and
    pipeline (None without a graph). `sha256` maps each file's path, with forward slashes, to its hash.
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
    """Serialize a manifest deterministically, with a `seal`: the SHA-256 of the text with an empty seal."""
    keys = {**asdict(manifest), "seal": ""}
    text = json.dumps(keys, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    return _SEAL.sub(f'  "seal": "{_sha256(text)}"', text)


def from_json(text: str) -> Manifest:
    """Parse a manifest that `to_json` wrote, and verify its seal.

    Raises:
        BundleError: The text is not a manifest, or was changed.
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
        raise BundleError(f"{NAME} was changed: its seal does not match.")
    return manifest


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
