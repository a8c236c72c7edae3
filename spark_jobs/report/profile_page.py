"""The page of a profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from spark_jobs.formatting import format_count
from spark_jobs.profile.profile import Profile
from spark_jobs.report.columns_table import render_columns
from spark_jobs.report.distributions import draw_panels
from spark_jobs.report.html import join, page, tag
from spark_jobs.report.missing_values import render_missing_values


def write_profile_page(path: Path, name: str, profile: Profile, kinds: Mapping[str, str] | None = None) -> Path:
    """Write the page of a profile as one self-contained file.

    Args:
        path: the file; its folder is created.
        name: the title of the page.
        profile: the columns to show.
        kinds: the kind of each column, such as "category"; by default its Spark type.

    Returns:
        `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_profile_page(name, profile, kinds), encoding="utf-8", errors="replace")
    return path


def render_profile_page(name: str, profile: Profile, kinds: Mapping[str, str] | None = None) -> str:
    """Return the page of a profile as text; arguments as for `write_profile_page`."""
    size = f"{format_count(profile.rows, 'row')}, {format_count(len(profile.columns), 'column')}"
    header = join([tag("h1", name), tag("p", f"Profile of {size}. Every row was read.", class_="soft")])
    sections = {
        "columns": ("Columns", render_columns(profile, kinds or {})),
        "missing": ("Missing values", render_missing_values(profile)),
        "distributions": ("Distributions", draw_panels(list(profile.columns.values()))),
    }
    return page(f"{name} · profile", header, sections)
