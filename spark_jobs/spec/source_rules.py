"""Rules for a source that the types of its keys cannot express."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from spark_jobs.errors import did_you_mean
from spark_jobs.spec import constants
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.source_keys import source_syntaxes
from spark_jobs.spec.sources import Source
from spark_jobs.spec.yaml12 import KeyPath

_OF_FILES = ("landing",)


def broken_source(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    """Yield an issue for every rule that the source at the key path `at` violates."""
    places = dict.fromkeys(("path", "table", *(key for one in source_syntaxes().values() for key in one.required)))
    given = [key for key in places if getattr(source, key, None) is not None]
    yield from _place(source, at, given)
    yield from _foreign_keys(source, at, given)
    if source.names is not None:
        yield from repeated_names(source.names, (*at, "names"))
    syntax = source_syntaxes().get(source.kind or "")
    if syntax is not None:
        yield from syntax.rules(syntax.keys.of(source), at)
    yield from _options(source, at)


def repeated_names(names: Sequence[str], at: KeyPath, known: Sequence[str] = ()) -> Iterator[SpecIssue]:
    """Yield an issue for an empty list of column names, and for each name that it or `known` already has."""
    if not names:
        yield SpecIssue(at, "must list at least one name.", "")
    for index, name in enumerate(names):
        if name in known or name in names[:index]:
            yield SpecIssue((*at, index), f"lists the column '{name}' twice.", "Remove the duplicate.")


def _place(source: Source, at: KeyPath, given: list[str]) -> Iterator[SpecIssue]:
    if not given:
        yield SpecIssue(at, "has neither a `path` nor a `table`.", "Write, for example, `source: data/flights.csv`.")
        return
    syntax = source_syntaxes().get(source.kind or "")
    required = syntax.required if syntax else ("path",)
    for key in required:
        if key not in given and source.kind is not None:
            yield SpecIssue((*at, "kind"), f"'{source.kind}' needs a `{key}`.", f"Set `{at[-1]}.{key}`.")
    if {"path", "table"} <= set(given):
        yield SpecIssue(at, "has both a `path` and a `table`.", "Keep one of them.")
        return
    for key in given:
        if key not in required and all(one in given for one in required):
            yield SpecIssue((*at, key), f"does not apply to a source of kind {source.kind}.", "Remove it.")


def _foreign_keys(source: Source, at: KeyPath, places: Sequence[str]) -> Iterator[SpecIssue]:
    """Yield an issue for each key that only other kinds of source have."""
    if source.kind is None:
        return
    for key in (*_OF_FILES, *(source.model_extra or ())):
        kinds = [name for name, one in source_syntaxes().items() if key in (*one.keys.own(), *one.is_files * _OF_FILES)]
        if source.kind not in kinds and key not in places and getattr(source, key) not in (None, False):
            yield SpecIssue(
                (*at, key), f"does not apply to a source of kind {source.kind}.", f"It applies to {_or(kinds)}."
            )


def _options(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    allowed = {*constants.OPTIONS, *(option for one in source_syntaxes().values() for option in one.options)}
    known = {option.casefold(): option for option in allowed}
    decided = {option.casefold() for option in constants.DECIDED}
    of_json = {option.casefold() for option in constants.OF_SPARKS_JSON}
    for option, value in source.options.items():
        path: KeyPath = (*at, "options", option)
        if option.casefold() in decided:
            hint = "Remove it: every row is read, types come from all rows, malformed rows are set aside and counted."
            yield SpecIssue(path, "may not be set in a spec.", hint)
        elif option.casefold() in of_json:
            hint = "Remove it: numbers, texts and nested values are read exactly as written."
            yield SpecIssue(path, "has no effect: JSON is parsed by the standard (RFC 8259).", hint)
        elif option.casefold() not in known:
            yield SpecIssue(path, "is not an option of Spark's readers.", did_you_mean(option, set(known.values())))
        elif known[option.casefold()] in constants.FORMATS and not re.fullmatch(r"[A-Za-z0-9 /.:,'+-]+", str(value)):
            text = f"must be a date pattern of letters, digits, blanks and / . : , - ' +.{got(value)}"
            yield SpecIssue(path, text, "Use, for example, MM/dd/yyyy hh:mm:ss a.")
    yield from _number_signs(source, at)


def _number_signs(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    signs = {option.casefold(): (option, str(value)) for option, value in source.options.items()}
    for option, known in (("decimal", ".,"), ("thousands", ",. '")):
        name, sign = signs.get(option, (option, known[0]))
        if len(sign) != 1 or sign not in known:
            listed = _or([f"'{one}'" for one in known])
            yield SpecIssue((*at, "options", name), f"must be one of {listed}.{got(sign)}", "")
    if "thousands" in signs and signs["thousands"][1] == signs.get("decimal", ("", "."))[1]:
        hint = "Use, for example, `thousands: '.'` with `decimal: ','`."
        yield SpecIssue((*at, "options", signs["thousands"][0]), "is the same as the decimal separator.", hint)


def _or(kinds: Sequence[str]) -> str:
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
