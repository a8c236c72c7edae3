"""The page of a profile alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from spark_jobs.profile.profile import Profile
from spark_jobs.report.data_page import columns_table
from spark_jobs.report.html import joined, page, section, tag
from spark_jobs.report.numerals import plural


def write_profile_page(path: Path, name: str, profile: Profile, kinds: Mapping[str, str] | None = None) -> Path:
    """Write the page of a profile; `kinds` says what each column is good for. One file, nothing else is needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(profile_page(name, profile, kinds), encoding="utf-8")
    return path


def profile_page(name: str, profile: Profile, kinds: Mapping[str, str] | None = None) -> str:
    """The page of a profile as text."""
    size = f"{plural(profile.rows, 'row')}, {plural(len(profile.columns), 'column')}"
    header = joined([tag("h1", name), tag("p", f"Profile of {size}. Every row was read.", class_="soft")])
    return page(f"{name} · profile", header, [section("data", "Columns", columns_table(profile, kinds or {}))], [])
