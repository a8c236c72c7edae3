"""Checks: rules that scoring data must meet. Each rule is one module of `rules`, or a registered plug-in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeGuard, Union, get_args

from pydantic import Field, TypeAdapter, ValidationError

from spark_jobs import plugins
from spark_jobs.errors import SpecError
from spark_jobs.spec import SpecModel, constants
from spark_jobs.spec.mistakes import SpecIssue, mistakes_of, refusal
from spark_jobs.spec.yaml12 import KeyPath

if TYPE_CHECKING:
    from pyspark.sql import Column

    from spark_jobs.checks.cells import ColumnReader

_FOLDER = "spark_jobs.checks.rules"


@dataclass(frozen=True)
class Violation:
    """When a row fails a check, and why.

    Attributes:
        condition: Whether the row fails; null counts as passing.
        reason: The parts of the sentence that goes to quarantine: text, and columns of text.
    """

    condition: Column
    reason: Sequence[str | Column]


class Check(SpecModel):
    """A check of the spec: the fields are its keys.

    A rule is a subclass of `RowCheck` or `BatchCheck` that declares `rule: Literal["<name>"]` and its other keys. Its
    module is called after the rule, imports without pyspark and sets `CHECK` to the class.

    Attributes:
        column_keys: The keys that name columns.
    """

    column_keys: ClassVar[tuple[str, ...]] = ("column",)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns that the check reads."""
        return tuple(name for _, name in self.named_columns())

    def named_columns(self) -> Iterator[tuple[KeyPath, str]]:
        """Yield the columns that the check reads, each with its key path in the check."""
        for key in self.column_keys:
            given = getattr(self, key)
            if isinstance(given, str):
                yield (key,), given
            else:
                yield from (((key, place), name) for place, name in enumerate(given))

    @abstractmethod
    def describe(self) -> str:
        """Return the check as a short text for reports and messages."""

    def issues(self) -> Iterator[SpecIssue]:
        """Yield the mistakes that the types of the keys cannot express; their key paths start in the check."""
        return iter(())


class RowCheck(Check):
    """A check that each row passes or fails.

    Attributes:
        raw_keys: The keys that name columns whose original text is read (`ColumnReader.raw`).
    """

    raw_keys: ClassVar[tuple[str, ...]] = ()

    severity: Literal["warn", "quarantine", "fail"] = Field(
        default="quarantine",
        description="What happens to rows that fail: `warn` counts them, `quarantine` sets them aside, `fail` refuses "
        "the whole batch.",
    )

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns whose original text is read."""
        return tuple(name for path, name in self.named_columns() if path[0] in self.raw_keys)

    @abstractmethod
    def violation(self, columns: ColumnReader) -> Violation:
        """Return when and why a row fails.

        Args:
            columns: The columns of the rows.

        Raises:
            DataError: The check names a missing column, or does not fit the column's type.
        """


class BatchCheck(Check):
    """A check that a batch passes or fails as a whole."""

    severity: Literal["warn", "fail"] = Field(
        default="fail", description="`warn` reports a failed check, `fail` refuses the batch."
    )

    @abstractmethod
    def metric(self, columns: ColumnReader) -> Column:
        """Return the BIGINT aggregate over the batch that the check compares with its limit.

        Args:
            columns: The columns of the rows.

        Raises:
            DataError: The check names a missing column, or does not fit the column's type.
        """

    @abstractmethod
    def failure(self, metric: int | None, rows: int) -> str | None:
        """Return how a batch fails, or None if it passes.

        Args:
            metric: The value of `metric`; None if there was nothing to aggregate.
            rows: The number of rows in the batch.
        """


def rule_classes() -> dict[str, type[RowCheck | BatchCheck]]:
    """Return the class of every rule by its name, those of plug-ins included.

    Raises:
        SpecError: A plug-in cannot be loaded, is not a check, or has the name of another rule.
    """
    return {name: _rule(name) for name in plugins.names("checks", _FOLDER)}


def parse_checks(blocks: Sequence[Mapping[str, Any]]) -> tuple[RowCheck | BatchCheck, ...]:
    """Return the checks of a spec's block `checks`.

    >>> parse_checks([{"rule": "row_count", "min": 10}])[0].describe()
    'rows at least 10'

    Raises:
        SpecError: A check is invalid; the message lists all mistakes.
    """
    mistakes = list(check_issues(blocks))
    if mistakes:
        raise refusal(mistakes, lambda path: "")
    return tuple(_any_check().validate_python(block) for block in blocks)


def check_issues(blocks: Sequence[Mapping[str, Any]]) -> Iterator[SpecIssue]:
    """Yield the mistakes of a spec's block `checks`, each with its key path."""
    earlier: list[Check] = []
    for place, block in enumerate(blocks):
        for issue in _issues(block, earlier):
            yield replace(issue, path=("checks", place, *issue.path))


def checks_schema() -> dict[str, Any]:
    """Return the JSON schema of one check, for all rules."""
    return _any_check().json_schema()


def _issues(block: Mapping[str, Any], earlier: list[Check]) -> Iterator[SpecIssue]:
    try:
        check = _any_check().validate_python(block)
    except ValidationError as error:
        yield from mistakes_of(error, checks_schema())
        return
    if check in earlier:
        yield SpecIssue((), "repeats an earlier check.", "Remove the duplicate.")
    earlier.append(check)
    yield from _reserved_columns(check)
    yield from check.issues()


def _reserved_columns(check: Check) -> Iterator[SpecIssue]:
    for path, name in check.named_columns():
        if name.casefold() in constants.RESERVED:
            yield SpecIssue(path, f"names '{name}', a reserved output column.", "Name a column of the source.")


def _any_check() -> TypeAdapter[Any]:
    return _adapter(tuple(rule_classes().values()))


@cache
def _adapter(classes: tuple[type[Check], ...]) -> TypeAdapter[Any]:
    any_check: Any = Annotated[Union[classes], Field(discriminator="rule")]  # noqa: UP007 - of a tuple
    return TypeAdapter(any_check)


def _rule(name: str) -> type[RowCheck | BatchCheck]:
    found = plugins.declaration("checks", _FOLDER, "CHECK", object, name)
    if not _is_rule(found, name):
        message = f"The plug-in '{name}' of `spark_jobs.checks` is {found!r}, which is not a rule of that name."
        raise SpecError(message, f"Register a subclass of RowCheck or BatchCheck with `rule: Literal['{name}']`.")
    return found


def _is_rule(found: object, name: str) -> TypeGuard[type[RowCheck | BatchCheck]]:
    if not (isinstance(found, type) and issubclass(found, RowCheck | BatchCheck) and "rule" in found.model_fields):
        return False
    return get_args(found.model_fields["rule"].annotation) == (name,)
