"""The lines of a delimited text that are not complete records, and why, as columns of Spark."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.formats.csv_dialect import Dialect, field_regex, open_regex


def fields(form: Dialect) -> Column:
    """Return the number of fields of a line, as a column."""
    return _occurrences(_outside_quotes(form), form.sep) + 1


def is_open(form: Dialect) -> Column:
    """Return a condition: a quoted field of the line is not closed."""
    if not form.quote:
        return F.lit(False)
    return F.col("value").contains(form.quote) & _outside_quotes(form).rlike(open_regex(form))


def reasons(form: Dialect, utf8: bool) -> Column:
    """Return why a line is malformed: an array of texts, empty if it is valid."""
    count = fields(form)
    found: list[Any] = [
        F.when(is_open(form), F.lit("a quoted field is not closed")),
        F.when(
            count != form.fields,
            F.concat(F.lit("the line has "), count.cast("string"), F.lit(f" fields, not {form.fields}")),
        ),
    ]
    if utf8:
        found.append(F.when(~F.is_valid_utf8(F.col("value")), F.lit("the line is not valid UTF-8")))
    return F.array_compact(F.array(*found))


def _unescaped(form: Dialect) -> Column:
    value = F.col("value")
    if not form.quote:
        return value
    if form.escape == form.quote:
        return F.replace(value, F.lit(form.quote * 2), F.lit(""))
    without = F.replace(value, F.lit(form.escape * 2), F.lit(""))
    return F.replace(without, F.lit(form.escape + form.quote), F.lit(""))


def _outside_quotes(form: Dialect) -> Column:
    value = F.col("value")
    if not form.quote:
        return value
    outside = F.regexp_replace(_unescaped(form), field_regex(form), "$1")
    return F.when(value.contains(form.quote), outside).otherwise(value)


def _occurrences(text: Column, part: str) -> Column:
    if not part:
        return F.lit(0)
    without = F.octet_length(F.replace(text, F.lit(part), F.lit("")))
    return ((F.octet_length(text) - without) / len(part.encode())).cast("int")
