"""Rules for a spec that the types of its keys cannot express, validated without data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from spark_jobs import plugins
from spark_jobs.errors import did_you_mean, nearest
from spark_jobs.spec import constants
from spark_jobs.spec.mistakes import SpecIssue, got, repeated_names
from spark_jobs.spec.models import Spec
from spark_jobs.spec.source_rules import broken_source
from spark_jobs.spec.yaml12 import KeyPath

LISTS = ("ignore", "numeric", "categorical", "date", "text", "order")


def later_parts(data: Mapping[str, Any]) -> Iterator[SpecIssue]:
    """Yield an issue for each requested feature that is not built yet; runs before the types are validated."""
    for key in constants.LATER_KEYS & set(data):
        yield SpecIssue((key,), not_built(f"`{key}`"), "Remove it.")


def not_built(what: str) -> str:
    """Return the message for a key, kind or verb that is not built yet."""
    return f"asks for {what}, which is not built yet."


def broken_rules(spec: Spec) -> Iterator[SpecIssue]:
    """Yield an issue with its key path for every rule that the spec violates."""
    for rule in (
        _sources,
        _column_lists,
        _roles,
        _tables,
        _layout,
        _reserved,
        _split,
        _task,
        _model,
        _metrics,
        _timezone,
    ):
        yield from rule(spec)


def _sources(spec: Spec) -> Iterator[SpecIssue]:
    yield from broken_source(spec.source, ("source",))
    if spec.stream.source is not None:
        yield from broken_source(spec.stream.source, ("stream", "source"))


def _column_lists(spec: Spec) -> Iterator[SpecIssue]:
    seen: dict[str, str] = {}
    for name in LISTS:
        listed = tuple(getattr(spec.columns, name))
        yield from repeated_names(("columns", name), listed)
        for index, column in enumerate(dict.fromkeys(listed)):
            place: KeyPath = ("columns", name, column if name == "order" else index)
            if column in seen:
                yield SpecIssue(place, f"lists '{column}', as `columns.{seen[column]}` does.", "Keep one of them.")
            elif column == spec.target:
                yield SpecIssue(place, f"lists '{column}', which is the target.", "Remove it.")
            seen.setdefault(column, name)
    for column, levels in spec.columns.order.items():
        yield from repeated_names(("columns", "order", column), levels, "level")
        if len(levels) < 2:
            yield SpecIssue(
                ("columns", "order", column), "must list at least two levels.", "List them from low to high."
            )


def _roles(spec: Spec) -> Iterator[SpecIssue]:
    for path, column in _used(spec):
        if column == spec.target:
            yield SpecIssue(path, f"names '{column}', which is the target.", "Name another column, or remove it.")
    if spec.weight is not None and spec.weight in spec.columns.ignore:
        yield SpecIssue(("weight",), f"names '{spec.weight}', which `columns.ignore` lists.", "Remove it from one.")
    for name in ("key", "evaluate.slices", "predictions.keep", "predictions.partition_by", "clean.duplicates.by"):
        yield from repeated_names(tuple(name.split(".")), _listed(spec, name))
    for column in spec.features.per_column:
        if column in spec.columns.ignore:
            text = f"configures '{column}', which `columns.ignore` lists."
            yield SpecIssue(("features", "per_column", column), text, "Remove it from one of them.")


def _tables(spec: Spec) -> Iterator[SpecIssue]:
    table = spec.predictions.table
    if table is not None and table.casefold() in ("ledger", f"{spec.name}_quarantine".casefold()):
        yield SpecIssue(("predictions", "table"), f"names a table with another purpose.{got(table)}", "Choose another.")


def _layout(spec: Spec) -> Iterator[SpecIssue]:
    kept = spec.predictions.keep
    for index, column in enumerate(spec.predictions.partition_by):
        if kept != "all" and column not in kept:
            place: KeyPath = ("predictions", "partition_by", index)
            yield SpecIssue(place, f"names '{column}', which is not in `predictions.keep`.", "Add it there.")


def _used(spec: Spec) -> Iterator[tuple[KeyPath, str]]:
    """Yield the columns with a role in the spec other than the target, each with its key path."""
    if spec.weight is not None:
        yield ("weight",), spec.weight
    yield from ((("key", index), column) for index, column in enumerate(spec.key))
    if spec.split.column is not None and spec.split.kind != "column":
        yield ("split", "column"), spec.split.column
    yield from ((("features", "per_column", column), column) for column in spec.features.per_column)


def _listed(spec: Spec, name: str) -> tuple[str, ...]:
    found: object = spec
    for part in name.split("."):
        found = getattr(found, part)
    return found if isinstance(found, tuple) else ()


def _reserved(spec: Spec) -> Iterator[SpecIssue]:
    kept = ((("predictions", "keep", index), name) for index, name in enumerate(_listed(spec, "predictions.keep")))
    for path, column in ((("target",), spec.target), *_used(spec), *kept):
        if column.casefold() in constants.RESERVED:
            yield SpecIssue(path, f"names '{column}', a reserved output column.", "Rename the column in the source.")


def _split(spec: Spec) -> Iterator[SpecIssue]:
    split = spec.split
    needs = split.kind in ("time", "group", "column")
    if needs and split.column is None:
        yield SpecIssue(("split", "column"), f"is missing: the kind '{split.kind}' needs a column.", "Set it.")
    if not needs and split.column is not None:
        hint = "Set `kind` to `time`, `group` or `column`, or remove the column."
        yield SpecIssue(("split", "column"), f"does not apply to the kind '{split.kind}'.", hint)
    if split.test_value is not None and split.kind != "column":
        yield SpecIssue(("split", "test_value"), f"does not apply to the kind '{split.kind}'.", "Set `kind: column`.")


def _task(spec: Spec) -> Iterator[SpecIssue]:
    if spec.task is None or spec.task == "binary":
        return
    for path, given in ((("positive",), spec.positive), (("evaluate", "threshold"), spec.evaluate.threshold)):
        if given is not None:
            yield SpecIssue(path, f"does not apply to `task: {spec.task}`.", "Remove it, or set `task: binary`.")
    if spec.model.balance and spec.task == "regression":
        yield SpecIssue(("model", "balance"), "weights classes, which `task: regression` does not have.", "Remove it.")


def _model(spec: Spec) -> Iterator[SpecIssue]:
    kinds, kind = plugins.names("models", "spark_jobs.models"), spec.model.kind
    if kind not in (*kinds, constants.AUTO):
        yield SpecIssue(("model", "kind"), f"must be one of {', '.join(kinds)}.{got(kind)}", did_you_mean(kind, kinds))
    if kind == constants.AUTO and spec.model.params:
        hint = "Name the algorithm, or set its options in `tune.space` or `tune.points`."
        yield SpecIssue(("model", "params"), "does not apply to `model.kind: auto`, which chooses the options.", hint)


def _metrics(spec: Spec) -> Iterator[SpecIssue]:
    evaluate = spec.evaluate
    of_task = constants.REGRESSION_METRICS if spec.task == "regression" else constants.CLASS_METRICS
    allowed = constants.METRICS if spec.task is None else of_task
    named: list[tuple[KeyPath, str]] = [(("evaluate", "metrics", i), name) for i, name in enumerate(evaluate.metrics)]
    named += [(("evaluate", "gate", name), name) for name in evaluate.gate]
    named += [(("tune", "metric"), spec.tune.metric)] if spec.tune is not None and spec.tune.metric else []
    for path, name in named:
        if name not in constants.METRICS:
            hint = did_you_mean(name, constants.METRICS)
            yield SpecIssue(path, f"is not a known metric.{got(name)}", hint)
        elif name not in allowed:
            yield SpecIssue(
                path, f"is not a metric of `task: {spec.task}`.{got(name)}", f"Its metrics are {', '.join(allowed)}."
            )
    if evaluate.threshold is not None and evaluate.threshold not in constants.LABEL_METRICS:
        text = f"must be one of {', '.join(constants.LABEL_METRICS)}.{got(evaluate.threshold)}"
        yield SpecIssue(("evaluate", "threshold"), text, did_you_mean(evaluate.threshold, constants.LABEL_METRICS))
    yield from repeated_names(("evaluate", "metrics"), evaluate.metrics, "metric")


def _timezone(spec: Spec) -> Iterator[SpecIssue]:
    try:
        ZoneInfo(spec.timezone)
    except (OSError, ValueError, KeyError):  # unknown, a folder of zones, or a path out of the zones' folder
        from zoneinfo import available_timezones

        close = nearest(spec.timezone, available_timezones())
        hint = f"Did you mean '{close}'?" if close else "Use an IANA name such as Europe/Berlin."
        yield SpecIssue(("timezone",), f"must be an IANA time zone.{got(spec.timezone)}", hint)
