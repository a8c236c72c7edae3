"""How well all lines of a text fit each dialect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spark_jobs.formats.csv_dialect import Dialect
from spark_jobs.formats.line_counts import LineCounts


@dataclass(frozen=True, slots=True)
class DialectScore:
    """The fit of all lines to one dialect. Blank lines are not counted; the first line of each file is."""

    form: Dialect
    lines: int
    fitting: int
    malformed: int
    headers: int
    not_utf8: int
    beyond_ascii: int
    odd_quotes: bool
    escapes: int
    common_fields: int = 0

    @property
    def is_latin(self) -> bool:
        """Return whether most lines with bytes beyond ASCII are not UTF-8, so the encoding is a one-byte one."""
        return self.not_utf8 > self.beyond_ascii


def scans(files: Sequence[LineCounts], forms: Sequence[Dialect]) -> list[DialectScore]:
    """Sum the counts of all files for each dialect."""
    return [_summed(files, number, form) for number, form in enumerate(forms)]


def _summed(files: Sequence[LineCounts], number: int, form: Dialect) -> DialectScore:
    mine = [file.forms[number] for file in files]
    common = [max(counts.by_fields, key=lambda width: counts.by_fields[width]) for counts in mine if counts.by_fields]
    return DialectScore(
        form=form,
        lines=sum(file.lines for file in files),
        fitting=sum(counts.fitting for counts in mine),
        malformed=sum(counts.malformed for counts in mine),
        headers=sum(file.headers for file in files),
        not_utf8=sum(file.not_utf8 for file in files),
        beyond_ascii=sum(file.beyond_ascii for file in files),
        escapes=sum(counts.escapes for counts in mine),
        odd_quotes=any(counts.quotes % 2 for counts in mine),
        common_fields=max(common, default=0),
    )
