"""Rules for a source that the types of its keys cannot express, by kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spark_jobs.errors import did_you_mean
from spark_jobs.spec import constants
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.sources import Source
from spark_jobs.spec.yaml12 import KeyPath

# The keys that locate the rows; by kind, the keys that are required and those that are allowed in addition.
_PLACES = ("path", "table", "url", "servers", "topic")
_NEEDED = {"jdbc": ("url", "table"), "kafka": ("servers", "topic"), "table": ("table",), "dataframe": ("table",)}
_OF_KIND = {
    "landing": ("csv", "json", "parquet"),
    "user": ("jdbc", "kafka"),
    "password": ("jdbc", "kafka"),
    "partition": ("jdbc",),
    "watermark": ("jdbc",),
    "lookback": ("jdbc",),
    "headers": ("kafka",),
}
_URL = re.compile(r"jdbc:postgresql://[A-Za-z0-9._:\[\],-]+/[A-Za-z0-9_.%-]+")


def broken_source(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    """Yield an issue for every rule that the source at the key path `at` violates."""
    given = [key for key in _PLACES if getattr(source, key) is not None]
    yield from _place(source, at, given)
    for key, kinds in _OF_KIND.items():
        if getattr(source, key) not in (None, False) and source.kind is not None and source.kind not in kinds:
            yield SpecIssue(
                (*at, key), f"does not apply to a source of kind {source.kind}.", f"It applies to {_or(kinds)}."
            )
    yield from _names(source, at)
    yield from _topic(source, at)
    yield from _options(source, at)


def _place(source: Source, at: KeyPath, given: list[str]) -> Iterator[SpecIssue]:
    if not given:
        yield SpecIssue(at, "has neither a `path` nor a `table`.", "Write, for example, `source: data/flights.csv`.")
        return
    needed = _NEEDED.get(source.kind or "", ("path",))
    for key in needed:
        if key not in given and source.kind is not None:
            yield SpecIssue((*at, "kind"), f"'{source.kind}' needs a `{key}`.", f"Set `{at[-1]}.{key}`.")
    if {"path", "table"} <= set(given):
        yield SpecIssue(at, "has both a `path` and a `table`.", "Keep one of them.")
        return
    for key in given:
        if key not in needed and all(one in given for one in needed):
            yield SpecIssue((*at, key), f"does not apply to a source of kind {source.kind}.", "Remove it.")
    if source.url is not None and not _URL.fullmatch(source.url):
        hint = "Use, for example, jdbc:postgresql://host:5432/shop, and the keys `user` and `password`."
        yield SpecIssue((*at, "url"), "must be the JDBC URL of a PostgreSQL database, without parameters.", hint)


def _topic(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    if source.kind != "kafka":
        return
    if source.values == "csv" and source.names is None:
        yield SpecIssue((*at, "values"), "'csv' needs `names`.", "List the field names in order.")
    for key, other in (("user", "password"), ("password", "user")):
        if getattr(source, key) is not None and getattr(source, other) is None:
            yield SpecIssue((*at, key), f"needs a `{other}`.", f"Set `{at[-1]}.{other}`.")


def _names(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    named: list[str] = []
    for key in ("names", "headers"):
        names = getattr(source, key)
        if names is not None and not names:
            yield SpecIssue((*at, key), "must list at least one name.", "")
        for index, name in enumerate(names or ()):
            if name in named:
                yield SpecIssue((*at, key, index), f"lists the column '{name}' twice.", "Remove the duplicate.")
            named.append(name)


def _options(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    allowed = (*constants.OPTIONS, *constants.DATABASE_OPTIONS, *constants.CLIENT_OPTIONS)
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
            listed = _or(tuple(f"'{one}'" for one in known))
            yield SpecIssue((*at, "options", name), f"must be one of {listed}.{got(sign)}", "")
    if "thousands" in signs and signs["thousands"][1] == signs.get("decimal", ("", "."))[1]:
        hint = "Use, for example, `thousands: '.'` with `decimal: ','`."
        yield SpecIssue((*at, "options", signs["thousands"][0]), "is the same as the decimal separator.", hint)


def _or(kinds: tuple[str, ...]) -> str:
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
