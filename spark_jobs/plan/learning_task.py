"""The learning task: regression, or binary or multiclass classification."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from spark_jobs.bundle.numerals import float_text
from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import DataError, did_you_mean, format_list
from spark_jobs.profile.declared import declared_kinds
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.spec import Spec, Task

MOST_CLASSES = 1000
FEW_NUMBERS = 10
MANY_LABELS = 20  # number of labels from which labels that mostly occur once are not classes
TRUE: Final = ("true", "t", "yes", "y", "on", "1")
FALSE: Final = ("false", "f", "no", "n", "off", "0")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LearningTask:
    """The learning task of a spec over a table.

    Attributes:
        task: `regression`, `binary` or `multiclass`.
        labels: the labels in the model's index order; of two, the positive label is the last. Empty for a regression.
        positive: the positive label of a binary task.
        warnings: sentences about the target for the user.
    """

    task: Task
    target: str
    labels: tuple[str, ...] = ()
    positive: str | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Return the number of classes; 0 for a regression."""
        return len(self.labels)

    @property
    def targets(self) -> int:
        """Return how many numbers represent the target: 1, or one per class for more than two classes."""
        return self.classes if self.classes > 2 else 1


def number_text(text: str, exact: bool = False) -> str:
    """Return the canonical text of a finite number, so that 1, 1.0 and 01 are one label; an empty text if not finite.

    `exact` keeps the digits that a double would round, as BIGINT and DECIMAL do.

    >>> number_text("1.0"), number_text("-0"), number_text("2.50"), number_text("9007199254740993.0", exact=True)
    ('1', '0', '2.5', '9007199254740993')
    """
    value = float(text) + 0.0
    if not math.isfinite(value):
        return ""
    if exact and value:
        digits = f"{Decimal(text):f}"
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def infer_task(spec: Spec, target: ColumnProfile, kind: ColumnType) -> LearningTask:
    """Return the learning task, from the spec and the profile of the whole target.

    Args:
        spec: the spec.
        target: the profile of the target's cells as text.

    Raises:
        DataError: the target has no values or a single one, has too many labels, does not fit the task, or lacks the
            positive label.
    """
    counts = _merged(_labels(target, kind))
    if not target.present:
        raise DataError(
            f"The target '{spec.target}' has no value in any row.", "Check `target` and `source.null_values`."
        )
    if target.distinct < 2 and len(counts) < 2:
        nulls = target.rows - target.present
        raise DataError(
            f"The target '{spec.target}' has only one value, {next(iter(counts), '')!r}, in {target.present:,} of"
            f" {target.rows:,} rows{f' ({nulls:,} are null)' if nulls else ''}: there is nothing to learn.",
            "Check `target`, the rows of the source, and `source.null_values`.",
        )
    task, reason = (spec.task, "as the spec says") if spec.task else _guess(spec, target, kind, counts)
    if task == "regression":
        return _regression(spec, kind, target, reason)
    problem = _classes(spec, task, target, counts, reason)
    spellings = [text for text in (target.levels.counts if target.levels else {}) if label_text(text, kind)]
    return replace(problem, warnings=tuple(_spelled(spec.target, spellings, counts)))


def _labels(target: ColumnProfile, kind: ColumnType) -> Counter[str]:
    counts: Counter[str] = Counter()
    for level, rows in (target.levels.counts if target.levels else {}).items():
        counts[label_text(level, kind)] += rows
    counts.pop("", None)
    return counts


def label_text(text: str, kind: ColumnType) -> str:
    """Return a target's cell as a label; an empty text if it does not parse.

    Numbers are in canonical form, booleans in lower case, and other texts are trimmed.
    """
    trimmed = text.strip(BLANKS)
    if kind.cells == "number":
        try:
            return number_text(float_text(trimmed, kind.numerals) or "", kind.integral or kind.scale is not None)
        except ValueError:
            return ""
    if kind.cells == "boolean":
        return {True: "true", False: "false", None: ""}[truth(trimmed)]
    return trimmed


def truth(text: str) -> bool | None:
    """Return the truth value of a word such as yes or F, in any case; None for other texts."""
    word = text.lower()
    return True if word in TRUE else False if word in FALSE else None


def are_words(labels: Iterable[str]) -> bool:
    """Return whether labels are words for true and false. Then yes, Yes and Y are one label."""
    said = {truth(label) for label in labels}
    return said == {True, False}


def _merged(texts: Counter[str]) -> Counter[str]:
    """Return the rows by label; words for true and false become one label each, under their most frequent spelling."""
    if not are_words(texts):
        return texts
    merged: Counter[str] = Counter()
    first: dict[bool | None, str] = {}
    for text, rows in sorted(texts.items(), key=lambda item: (-item[1], item[0])):
        merged[first.setdefault(truth(text), text)] += rows
    return merged


def _spelled(name: str, spellings: Sequence[str], counts: Counter[str]) -> Iterable[str]:
    """Yield warnings about spellings that became one label, and about similar labels that stay distinct."""
    if len(spellings) > len(counts):
        shown = format_list(spellings, _SHOWN)
        yield f"The target '{name}' has {len(spellings)} spellings of {len(counts)} labels: {shown}."
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for label in counts:
        alike["".join(label.split()).casefold()].append(label)
    for labels in [some for some in alike.values() if len(some) > 1][:_SHOWN]:
        shown = format_list(map(repr, labels), _SHOWN)
        yield f"Labels of the target '{name}' differ only by case or blanks and stay apart: {shown}."


def _guess(spec: Spec, target: ColumnProfile, kind: ColumnType, counts: Counter[str]) -> tuple[Task, str]:
    if len(counts) == 2 and target.levels is not None and target.levels.complete:
        return "binary", f"the target has two values, {' and '.join(sorted(counts))}"
    if spec.positive is not None:
        return "binary", "the spec sets a positive label"
    declared = dict(declared_kinds(spec)).get(spec.target) == "category"
    if declared or kind.cells != "number":
        _check_repeated(spec, target, kind, counts)
        what = "declared categorical" if declared else "not a number"
        return "multiclass", f"the target is {what} and has {target.distinct:,} values"
    if len(counts) <= FEW_NUMBERS and all(label.isdecimal() for label in counts):
        return (
            "multiclass",
            f"the target has {len(counts)} distinct whole numbers; set `task: regression` for a number",
        )
    return "regression", f"the target is a number with about {target.distinct:,} values"


def _check_repeated(spec: Spec, target: ColumnProfile, kind: ColumnType, counts: Counter[str]) -> None:
    """Refuse a target whose texts are not classes: many labels, most of which occur once."""
    once = [label for label, rows in counts.items() if rows == 1]
    if len(counts) >= MANY_LABELS and 2 * len(once) > len(counts):
        raise DataError(
            f"The target '{spec.target}' holds {kind.cells} of about {target.distinct:,} distinct values, most of them"
            f" once, such as {once[0]!r}: these are not classes.",
            "For numbers, write them as 1234.5 (no currency, unit or thousands sign) and set `task: regression`;"
            " to use them as classes anyway, set `task: multiclass`.",
        )


def _regression(spec: Spec, kind: ColumnType, target: ColumnProfile, reason: str) -> LearningTask:
    if kind.cells not in ("number", "boolean"):
        example = next(iter(target.levels.counts), "") if target.levels else ""
        raise DataError(
            f"A regression needs a number, but the target '{spec.target}' holds {kind.cells} such as {example!r}.",
            "Write its numbers as 1234.5 (no currency, unit or thousands sign), set `task: multiclass`, or set another"
            " target.",
        )
    if spec.positive is not None:
        raise DataError("`positive` is for two classes, but the task is a regression.", "Remove `positive`.")
    return LearningTask("regression", spec.target, reason=reason)


def _classes(spec: Spec, task: Task, target: ColumnProfile, counts: Counter[str], reason: str) -> LearningTask:
    if target.levels is None or not target.levels.complete or len(counts) > MOST_CLASSES:
        raise DataError(
            f"The target '{spec.target}' has about {target.distinct:,} distinct values, too many for classes.",
            f"Use at most {MOST_CLASSES:,} classes, or set `task: regression` for a number.",
        )
    if len(counts) < 2:
        raise DataError(f"The target '{spec.target}' has only one label.", "Check `target` and `source.null_values`.")
    if task == "binary":
        return _binary(spec, counts, reason)
    if len(counts) == 2:
        return _binary(spec, counts, f"{reason}; two labels make a binary task")
    if spec.positive is not None:
        raise DataError("`positive` is for a binary task.", "Set `task: binary` for one label against the rest.")
    return LearningTask("multiclass", spec.target, tuple(sorted(counts)), reason=reason)


def _binary(spec: Spec, counts: Counter[str], reason: str) -> LearningTask:
    if spec.positive is None and len(counts) > 2:
        raise DataError(
            f"The target '{spec.target}' has {len(counts)} labels: {format_list(sorted(counts))}.",
            "Set `positive` to the label to separate from the rest, or set `task: multiclass`.",
        )
    positive = _positive(spec, counts)
    rest = sorted(label for label in counts if label != positive)
    return LearningTask(
        "binary", spec.target, (rest[0] if len(rest) == 1 else f"not {positive}", positive), positive, reason
    )


def _positive(spec: Spec, counts: Counter[str]) -> str:
    if spec.positive is None:
        return min(counts, key=lambda label: (counts[label], label))
    wanted = str(spec.positive).strip(BLANKS)
    # Exact numbers first, because several labels may be the same double.
    for same in (str.__eq__, _same_number, _same_double, *([_same_word] if are_words(counts) else [])):
        for label in counts:
            if same(label, wanted):
                return label
    raise DataError(f"No row has the positive label '{wanted}'.", did_you_mean(wanted, counts))


def _same_word(one: str, other: str) -> bool:
    return truth(one) == truth(other)


def _same_number(one: str, other: str) -> bool:
    try:
        return number_text(one, exact=True) == number_text(other, exact=True) != ""
    except ValueError:
        return False


def _same_double(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False
