"""Column names: quoting for Spark, validation, and defaults for empty header cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.errors import DataError, format_list

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# The column with the text of key cells that their columns' types cannot hold.
UNREAD_KEY: Final = "⟨unread key⟩"
# The last three belong to Spark and Delta, whose readers fail on such a column or overwrite it with the row number.
RESERVED: Final = frozenset(
    {"_row", "_row_id", "_model_name", "_model_version", "_run_id", "_batch_id", "_scored_at", "_reasons", "_source"}
    | {"_tmp_metadata_row_index", "__delta_internal_row_index", "__delta_internal_is_row_deleted"}
)


def quoted(name: str) -> str:
    """Quote a column name for Spark SQL.

    >>> quoted("a.b`c")
    '`a.b``c`'
    """
    return "`" + name.replace("`", "``") + "`"


def text_schema(*names: str) -> str:
    """Return a schema for Spark's readers in which each column is a string."""
    return ", ".join(f"{quoted(name)} STRING" for name in names)


def col(name: str) -> Column:
    """Return the column of exactly that name, whatever characters it has."""
    from pyspark.sql import functions as F

    return F.col(quoted(name))


def fill_names(header: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a header, trimmed; an empty cell is named by its position from 0.

    >>> fill_names([" a ", "", "b"])
    ('a', '_c1', 'b')
    """
    return tuple(cell.strip(BLANKS) or f"_c{position}" for position, cell in enumerate(header))


def under_names(found: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Rename keys that equal one of `names` except for surrounding blanks.

    >>> under_names({" a": 1, "b": 2}, frozenset("ab"))
    {'a': 1, 'b': 2}
    """
    if names.issuperset(found):
        return found
    bare = {
        key: bare_key
        for key in found
        if key not in names and (bare_key := key.strip(BLANKS)) in names and bare_key not in found
    }
    return {bare.get(key, key): value for key, value in found.items()} if bare else found


def with_trimmed_names(rows: DataFrame) -> DataFrame:
    """Return the rows with trimmed column names, as specs and headers have them.

    Raises:
        DataError: Two names become equal.
    """
    names = check_names(fill_names(rows.columns))
    return rows if list(names) == rows.columns else rows.toDF(*names)


def check_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names if they are unique and none is reserved.

    Raises:
        DataError: A name is duplicate (ignoring case), or is reserved.
    """
    counts = Counter(name.casefold() for name in names)
    doubled = [name for name in names if counts[name.casefold()] > 1]
    if doubled:
        listed = format_list(doubled, quote=True)
        raise DataError(
            f"Column names must differ by more than case and surrounding blanks. Got {listed}.",
            "Rename the columns in the data, or name all of them in `source.names`.",
        )
    ours = [name for name in names if name.casefold() in RESERVED]
    if ours:
        listed = ", ".join(f"'{name}'" for name in ours)
        raise DataError(f"Column names must not be reserved names. Got {listed}.", "Rename these columns in the data.")
    return tuple(names)
