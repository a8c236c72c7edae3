"""What is to be predicted: a number, or one of some labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from spark_jobs.data.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.spec import Spec, Task

MOST_CLASSES = 1000
FEW_NUMBERS = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """The task and, for classes, the labels in the index order of the model; two labels end with the positive one.

    `warnings` are sentences about the target that a person should read.
    """

    task: Task
    target: str
    labels: tuple[str, ...] = ()
    positive: str | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """The number of classes, 0 for a regression."""
        return len(self.labels)

    @property
    def targets(self) -> int:
        """How many numbers say what the target is: 1, or one a class for more than two."""
        return self.classes if self.classes > 2 else 1


def number_text(text: str) -> str:
    """A number's text in one spelling, so that 1, 1.0 and 01 are one label.

    >>> number_text("1.0"), number_text("-0"), number_text("2.50")
    ('1', '0', '2.5')
    """
    value = float(text) + 0.0
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def frame(spec: Spec, target: ColumnProfile, kind: ColumnType) -> Problem:
    """The problem, from the spec and the whole target.

    `target` is the profile of the target's cells as text.

    Raises:
        DataError: nothing to learn (no values, one label), too many labels, a positive label that is not there.
    """
    counts = _labels(target, kind)
    if not target.present:
        raise DataError(
            f"The target '{spec.target}' has no value in any row.", "Check `target` and `source.null_values`."
        )
    if target.distinct < 2 and len(counts) < 2:
        raise DataError(
            f"The target '{spec.target}' has one value only, {next(iter(counts), '')!r}: there is nothing to learn.",
            "Check `target`, or the rows that the source holds.",
        )
    task, reason = (spec.task, "as the spec says") if spec.task else _guess(spec, target, kind, counts)
    if task == "regression":
        return _regression(spec, kind, target, reason)
    return _classes(spec, task, target, counts, reason)


def _labels(target: ColumnProfile, kind: ColumnType) -> Counter[str]:
    counts: Counter[str] = Counter()
    for level, rows in (target.levels.counts if target.levels else {}).items():
        counts[label_text(level, kind)] += rows
    counts.pop("", None)
    return counts


def label_text(text: str, kind: ColumnType) -> str:
    """A target's cell as a label: numbers in one spelling, booleans in lower case, else trimmed; '' if unreadable."""
    trimmed = text.strip()
    if kind.cells == "number":
        try:
            return number_text(trimmed.replace(kind.decimal, "."))
        except ValueError:
            return ""
    return trimmed.lower() if kind.cells == "boolean" else trimmed


def _guess(spec: Spec, target: ColumnProfile, kind: ColumnType, counts: Counter[str]) -> tuple[Task, str]:
    if len(counts) == 2 and target.levels is not None and target.levels.complete:
        return "binary", f"the target has two values, {' and '.join(sorted(counts))}"
    if spec.positive is not None:
        return "binary", "the spec names a positive label"
    if kind.cells != "number":
        return "multiclass", f"the target is no number and has {target.distinct:,} values"
    if kind.integral and len(counts) <= FEW_NUMBERS and all(float(label) >= 0 for label in counts):
        return (
            "multiclass",
            f"the target has {len(counts)} different whole numbers; say `task: regression` for a number",
        )
    return "regression", f"the target is a number with about {target.distinct:,} values"


def _regression(spec: Spec, kind: ColumnType, target: ColumnProfile, reason: str) -> Problem:
    if kind.cells not in ("number", "boolean"):
        example = next(iter(target.levels.counts), "") if target.levels else ""
        raise DataError(
            f"A regression needs a number, but the target '{spec.target}' holds {kind.cells} such as {example!r}.",
            "Set `task: binary` or `task: multiclass`, or name another target.",
        )
    if spec.positive is not None:
        raise DataError("`positive` is for two classes, the task is a regression.", "Leave `positive` out.")
    return Problem("regression", spec.target, reason=reason)


def _classes(spec: Spec, task: Task, target: ColumnProfile, counts: Counter[str], reason: str) -> Problem:
    if target.levels is None or not target.levels.complete or len(counts) > MOST_CLASSES:
        raise DataError(
            f"The target '{spec.target}' has about {target.distinct:,} different values, too many for classes.",
            f"At most {MOST_CLASSES:,} classes; set `task: regression` for a number.",
        )
    if len(counts) < 2:
        raise DataError(f"The target '{spec.target}' has one label only.", "Check `target` and `source.null_values`.")
    if task == "binary":
        return _binary(spec, counts, reason)
    if len(counts) == 2:
        return _binary(spec, counts, f"{reason}; two labels make a binary task")
    if spec.positive is not None:
        raise DataError("`positive` is for a binary task.", "Set `task: binary` for one label against the rest.")
    return Problem("multiclass", spec.target, tuple(sorted(counts)), reason=reason)


def _binary(spec: Spec, counts: Counter[str], reason: str) -> Problem:
    if spec.positive is None and len(counts) > 2:
        listed = ", ".join(sorted(counts)[:10])
        raise DataError(
            f"The target '{spec.target}' has {len(counts)} labels: {listed}.",
            "Name the event in `positive`, to be told from the rest, or set `task: multiclass`.",
        )
    positive = _positive(spec, counts)
    rest = sorted(label for label in counts if label != positive)
    return Problem(
        "binary", spec.target, (rest[0] if len(rest) == 1 else f"not {positive}", positive), positive, reason
    )


def _positive(spec: Spec, counts: Counter[str]) -> str:
    if spec.positive is None:
        return min(counts, key=lambda label: (counts[label], label))
    wanted = str(spec.positive)
    for label in counts:
        if label == wanted or _same_number(label, wanted) or _same_boolean(label, wanted):
            return label
    raise DataError(f"No row has the positive label '{wanted}'.", did_you_mean(wanted, counts))


def _same_boolean(one: str, other: str) -> bool:
    return one.lower() == other.lower() and one.lower() in ("true", "false")


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False
