"""What a source must be beyond the shape of its keys, by its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from spark_jobs.errors import did_you_mean
from spark_jobs.spec import constants
from spark_jobs.spec.mistakes import SpecIssue, got
from spark_jobs.spec.sources import Source
from spark_jobs.spec.yaml12 import KeyPath

# The keys that say where rows are, and by kind those that are needed and those that may be given besides.
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
    """Every rule that a source at that place of the spec breaks."""
    given = [key for key in _PLACES if getattr(source, key) is not None]
    yield from _place(source, at, given)
    for key, kinds in _OF_KIND.items():
        if getattr(source, key) not in (None, False) and source.kind is not None and source.kind not in kinds:
            yield SpecIssue((*at, key), f"has no use with a source of kind {source.kind}.", f"It is for {_or(kinds)}.")
    yield from _names(source, at)
    yield from _topic(source, at)
    yield from _options(source, at)


def _place(source: Source, at: KeyPath, given: list[str]) -> Iterator[SpecIssue]:
    if not given:
        yield SpecIssue(at, "names neither a `path` nor a `table`.", "Write `source: data/flights.csv`.")
        return
    needed = _NEEDED.get(source.kind or "", ("path",))
    for key in needed:
        if key not in given and source.kind is not None:
            yield SpecIssue((*at, "kind"), f"'{source.kind}' needs a `{key}`.", f"Give `{at[-1]}.{key}`.")
    if {"path", "table"} <= set(given):
        yield SpecIssue(at, "names both a `path` and a `table`.", "Keep one of them.")
        return
    for key in given:
        if key not in needed and all(one in given for one in needed):
            yield SpecIssue((*at, key), f"has no use with a source of kind {source.kind}.", "Leave it out.")
    if source.url is not None and not _URL.fullmatch(source.url):
        hint = "Such as jdbc:postgresql://host:5432/shop; `user` and `password` have keys of their own."
        yield SpecIssue((*at, "url"), "must be the address of a PostgreSQL database, without parameters.", hint)


def _topic(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    if source.kind != "kafka":
        return
    if source.values == "csv" and source.names is None:
        yield SpecIssue((*at, "values"), "'csv' needs `names`.", "Name the fields in their order.")
    for key, other in (("user", "password"), ("password", "user")):
        if getattr(source, key) is not None and getattr(source, other) is None:
            yield SpecIssue((*at, key), f"needs a `{other}`.", f"Give `{at[-1]}.{other}`.")


def _names(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    named: list[str] = []
    for key in ("names", "headers"):
        names = getattr(source, key)
        if names is not None and not names:
            yield SpecIssue((*at, key), "must be a list of at least one name.", "")
        for index, name in enumerate(names or ()):
            if name in named:
                yield SpecIssue((*at, key, index), f"names the column '{name}' a second time.", "Keep it once.")
            named.append(name)


def _options(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    allowed = (*constants.OPTIONS, *constants.DATABASE_OPTIONS, *constants.CLIENT_OPTIONS)
    known = {option.casefold(): option for option in allowed}
    decided = {option.casefold() for option in constants.DECIDED}
    of_json = {option.casefold() for option in constants.OF_SPARKS_JSON}
    for option, value in source.options.items():
        path: KeyPath = (*at, "options", option)
        if option.casefold() in decided:
            hint = (
                "Leave it out: every row is read, types come from all rows, malformed rows are set aside and counted."
            )
            yield SpecIssue(path, "is not for the spec to choose.", hint)
        elif option.casefold() in of_json:
            hint = "Leave it out: numbers, texts and nested values are read as they are written, with nothing guessed."
            yield SpecIssue(path, "has no effect: JSON is read by the standard (RFC 8259).", hint)
        elif option.casefold() not in known:
            yield SpecIssue(path, "is not an option of Spark's readers.", did_you_mean(option, set(known.values())))
        elif known[option.casefold()] in constants.FORMATS and not re.fullmatch(r"[A-Za-z0-9 /.:,'+-]+", str(value)):
            text = f"must be a date pattern of letters, digits, blanks and / . : , - ' +.{got(value)}"
            yield SpecIssue(path, text, "Such as MM/dd/yyyy hh:mm:ss a.")
    yield from _number_signs(source, at)


def _number_signs(source: Source, at: KeyPath) -> Iterator[SpecIssue]:
    signs = {option.casefold(): (option, str(value)) for option, value in source.options.items()}
    for option, known in (("decimal", ".,"), ("thousands", ",. '")):
        name, sign = signs.get(option, (option, known[0]))
        if len(sign) != 1 or sign not in known:
            listed = _or(tuple(f"'{one}'" for one in known))
            yield SpecIssue((*at, "options", name), f"must be one of {listed}.{got(sign)}", "")
    if "thousands" in signs and signs["thousands"][1] == signs.get("decimal", ("", "."))[1]:
        hint = "Such as `thousands: '.'` beside `decimal: ','`."
        yield SpecIssue((*at, "options", signs["thousands"][0]), "is the decimal sign too.", hint)


def _or(kinds: tuple[str, ...]) -> str:
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
