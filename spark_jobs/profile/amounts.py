"""Detection of numbers in text columns: how they are written, and which cells are not numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from spark_jobs.bundle.numerals import Numerals, float_text, is_currency
from spark_jobs.bundle.patterns import BLANKS
from spark_jobs.profile.profile import ColumnProfile
from spark_jobs.profile.spelling import Spelling, Unclear, numerals_of, spelling_of
from spark_jobs.profile.type_counts import TypeCounts

READS: Final = 0.95  # the share of cells that must be numbers or dates for the column to be one
_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class Amounts:
    """How the numbers of a text column are written.

    Attributes:
        read: the number of cells that parse with it.
        told: a description of the format if it is not the plain one, for a reason.
        against: why the cells are not read as numbers although they may be numbers.
    """

    numerals: Numerals
    read: int
    told: str = ""
    against: str = ""


def amounts(profile: ColumnProfile, options: Mapping[str, Any]) -> Amounts:
    """Return the number format of a text column, and how many cells parse with it.

    Args:
        options: the source's options; `decimal` and `thousands` are binding.
    """
    counts = profile.type_counts or TypeCounts()
    decimal, thousands = str(options.get("decimal", "")), str(options.get("thousands", ""))
    plain = Amounts(Numerals(decimal or "."), counts.number)
    if not counts.written:
        return plain
    try:
        numerals = _numerals(counts, decimal, thousands)
    except Unclear as unclear:
        few = not any(one.thousands or one.unsure for one, _ in _spelled(counts.written))
        fine = few and counts.number >= READS * counts.cells
        return plain if fine else _against(plain, profile, unclear.unsure)
    read = counts.numbers(numerals)
    if read <= counts.number:
        return plain
    return Amounts(numerals, read, f", written with {_in_words(numerals)}")


def _spelled(counts: Mapping[str, int]) -> list[tuple[Spelling, int]]:
    return [(Spelling.of_key(key), cells) for key, cells in counts.items()]


def _numerals(counts: TypeCounts, decimal: str, thousands: str) -> Numerals:
    both = [*_spelled(counts.written), *_spelled(counts.beside)]
    affixes = ("", *sorted({one.affix for one, _ in both} - {""}))
    alone = counts.number - sum(counts.beside.values())

    def readable(affix: str) -> int:
        bare = affix == "" or is_currency(affix)
        return sum(cells for one, cells in both if one.affix in (affix, "" if bare else affix)) + alone * bare

    affix = max(affixes, key=readable)
    kept = {affix, ""} if is_currency(affix) else {affix}
    numerals = numerals_of([one for one, _ in both if one.affix in kept], decimal, thousands)
    if alone and counts.number > counts.whole and numerals.decimal != (decimal or "."):
        raise Unclear  # spellings are not recorded in parts of the table where all numbers are plain
    return numerals


def _in_words(numerals: Numerals) -> str:
    between = {"": "", " ": "a space"}.get(numerals.thousands, f"`{numerals.thousands}`")
    said = [f"{between} between thousands"] if between else []
    said += ["a decimal comma"] if numerals.decimal == "," else []
    said += [f"`{numerals.affix}`"] if numerals.affix else []
    return " and ".join(said) or "parentheses or another minus sign"


def _against(plain: Amounts, profile: ColumnProfile, unsure: str) -> Amounts:
    levels = list(profile.levels.counts) if profile.levels else []
    spelled = {level: one for level in levels if (one := spelling_of(level)) is not None}
    if unsure in (".", ","):
        example = next((level for level, one in spelled.items() if one.unsure == unsure), "")
        said = (
            f"`{example}` may be {example.replace(unsure, '')} or {example.replace(unsure, '.')}: " if example else ""
        )
        names = f"`source.options.thousands: '{unsure}'` or `source.options.decimal: '{unsure}'`"
        return _refused(plain, f"{said}set {names}")
    if unsure:
        return plain
    ways = {(one.decimal, one.thousands): level for level, one in spelled.items() if one.decimal or one.thousands}
    examples = " and ".join(f"`{level}`" for level in [*ways.values()][:3])
    return _refused(
        plain,
        f"numbers are written in several ways, such as {examples}: set the decimal sign in `source.options.decimal`",
    )


def several_ways(profile: ColumnProfile) -> str:
    """Return the units or currencies of a column of numbers as text if there are several, else an empty text."""
    counts = profile.type_counts or TypeCounts()
    spelled = _spelled(counts.written)
    affixes = list(dict.fromkeys(one.affix for one, _ in sorted(spelled, key=lambda item: -item[1])))
    if sum(cells for _, cells in spelled) + counts.number < READS * counts.cells or len(affixes) < 2:
        return ""
    levels = list(profile.levels.counts) if profile.levels else []
    written = ((level, one.affix) for level in levels if (one := spelling_of(level)) is not None)
    examples = {affix: level for level, affix in reversed(list(written)) if affix in affixes[:3]}
    return f"numbers with different units, such as {' and '.join(f'`{one}`' for one in examples.values())}"


def _refused(plain: Amounts, against: str) -> Amounts:
    return Amounts(plain.numerals, plain.read, against=against)


def others(profile: ColumnProfile, numerals: Numerals) -> str:
    """Return the most frequent cells that are not numbers as text, with advice if one looks like a null value."""
    found = [f"`{text[:_SHOWN]}` ({cells:,})" for text, cells in _others(profile, numerals)][:3]
    if not found:
        return ""
    text, cells = next(_others(profile, numerals))
    mark = cells > 1 and not re.search("[0-9]", text)
    advice = "; if it stands for null, add it to `source.null_values`" if mark else ""
    return f"such as {', '.join(found)}{advice}"


def _others(profile: ColumnProfile, numerals: Numerals) -> Iterator[tuple[str, int]]:
    counts = profile.levels.counts if profile.levels else {}
    return ((text, cells) for text, cells in counts.items() if float_text(text.strip(BLANKS), numerals) is None)
