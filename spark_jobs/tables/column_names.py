"""Names under which a table stores its columns: valid for every Delta reader, with the original names in a property.

Delta's own solution, column mapping, is unknown to many readers: they show nulls, or generated names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from spark_jobs.columns.names import quoted

PROPERTY: Final = "spark_jobs.column_names"
_FORBIDDEN: Final = re.compile(r"[ ,;{}()\n\t=]")
_MAPPED: Final = ("name", "id")


@dataclass(frozen=True, slots=True)
class StoredNames:
    """The naming of a table's columns: exactly as the data does or, if not `exact`, by safe names.

    `known` maps the original names of existing columns to the names under which they are stored.
    """

    exact: bool = False
    known: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Sequence[str], taken: Iterable[str] = ()) -> dict[str, str]:
        """Return the stored name of each column: unique, also ignoring case, and not in `taken`."""
        return {name: name for name in names} if self.exact else _stored(names, self.known, taken)

    def type_of(self, kind: T.DataType) -> T.DataType:
        """Return the type of a nested value, with safe field names unless names are exact."""
        return kind if self.exact else _safe_type(kind)


def stored_names(table: DataFrame | None, path: str, asked: Literal["safe", "exact"], odd: bool) -> StoredNames:
    """Return how a table names its columns; an existing table keeps its way, a new one uses `asked`.

    `odd` means that some names are invalid in Delta. Without any, the properties of a table without renamed columns are
    not read.
    """
    if table is None:
        return StoredNames(asked == "exact")
    if not odd and not _has_renamed(table):
        return StoredNames(exact=True)
    found = _properties(table.sparkSession, path)
    if found.get("delta.columnMapping.mode") in _MAPPED or (asked == "exact" and PROPERTY not in found):
        return StoredNames(exact=True)
    own = json.loads(found.get(PROPERTY, "{}"))
    return StoredNames(known={own.get(name, name): name for name in table.columns})


def property_of(names: Mapping[str, str]) -> dict[str, str]:
    """Return the table property that maps renamed columns to their original names; empty if none is renamed."""
    renamed = {stored: name for name, stored in names.items() if stored != name}
    return {PROPERTY: json.dumps(renamed, sort_keys=True)} if renamed else {}


def keep_names(spark: SparkSession, path: str, names: StoredNames, stored: Mapping[str, str]) -> None:
    """Store the original names of new, renamed columns of an existing table in its property."""
    known = property_of(names.known).get(PROPERTY)
    said = property_of({**names.known, **stored}).get(PROPERTY)
    if said is not None and said != known:
        # JSON escapes keep any character of a name from having a meaning in SQL.
        text = re.sub(r"[^\w {}\":,.\\-]", lambda one: f"\\u{ord(one[0]):04x}", said).replace("\\", "\\\\")
        spark.sql(f"ALTER TABLE delta.{quoted(path)} SET TBLPROPERTIES ('{PROPERTY}' = '{text}')")


def renamed_columns(table: DataFrame, path: str) -> dict[str, str]:
    """Return the renamed columns of a table: original name to stored name."""
    if not _has_renamed(table):
        return {}
    found = json.loads(_properties(table.sparkSession, path).get(PROPERTY, "{}"))
    return {name: stored for stored, name in found.items()}


def _has_renamed(table: DataFrame) -> bool:
    """Return whether a column's comment is its original name: reading the schema is free, unlike the properties."""
    own = ((each.name, str(each.metadata.get("comment", each.name))) for each in table.schema)
    return any(stored != name and stored.startswith(_safe(name)) for stored, name in own)


def _stored(names: Sequence[str], known: Mapping[str, str], taken: Iterable[str]) -> dict[str, str]:
    there = {name.casefold(): stored for name, stored in known.items()}
    used = {name.casefold() for name in (*known.values(), *taken)}
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda one: bool(_FORBIDDEN.search(one))):
        stored = there.get(name.casefold()) or _unused(_safe(name), used)
        used.add(stored.casefold())
        found[name] = stored
    return {name: found[name] for name in names}


def _safe(name: str) -> str:
    return _FORBIDDEN.sub("_", name)


def _unused(name: str, used: set[str]) -> str:
    count, candidate = 1, name
    while candidate.casefold() in used:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _safe_type(kind: T.DataType) -> T.DataType:
    if isinstance(kind, T.StructType):
        names = _stored(kind.names, {}, ())
        return T.StructType([T.StructField(names[one.name], _safe_type(one.dataType)) for one in kind.fields])
    if isinstance(kind, T.ArrayType):
        return T.ArrayType(_safe_type(kind.elementType), kind.containsNull)
    if isinstance(kind, T.MapType):
        return T.MapType(_safe_type(kind.keyType), _safe_type(kind.valueType), kind.valueContainsNull)
    return kind


def _properties(spark: SparkSession, path: str) -> dict[str, str]:
    return {row[0]: row[1] for row in spark.sql(f"SHOW TBLPROPERTIES delta.{quoted(path)}").collect()}
