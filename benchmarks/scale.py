"""The flights job at ten times the rows, beside the tutorial job, interleaved and in one call.

The file is written ten times with the year 2013 replaced by 2004 … 2013: once as it is, once with whole numbers as
pandas writes a column with gaps ("517.0").
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.flights import CSV, SPEC, Runs, measure
from benchmarks.interleave import ratio

YEARS = range(2004, 2014)
TABLES = {"whole": Path("data/flights10.csv"), "gaps": Path("data/flights10f.csv")}
TARGET, GROWTH = 0.28, 2.3


def run(rounds: int) -> None:
    """Measure, and print the table."""
    for name, path in TABLES.items():
        _write(path, gaps=name == "gaps")
    print(table(measure(dict(_jobs()), rounds)))


def table(runs: dict[str, Runs]) -> str:
    """Seconds of each job, and the ratios with what they have to reach."""
    lines = ["| job | seconds (median) |", "|---|---|"]
    lines += [f"| {name} | {median(its.seconds):.1f} |" for name, its in runs.items()]
    told = [_ratio(runs, f"ours, {name}", f"tutorial, {name}", TARGET) for name in TABLES]
    told += [_ratio(runs, f"ours, {name}", "ours, one year", GROWTH) for name in TABLES]
    return "\n".join([*lines, "", *told])


def _ratio(runs: dict[str, Runs], one: str, other: str, target: float) -> str:
    found = ratio(runs[one].seconds, runs[other].seconds)
    verdict = "reached" if found <= target else "MISSED"
    return f"{one} / {other}: {found:.2f}, to reach at most {target:.2f}: {verdict}."


def _jobs() -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    yield "ours, one year", (["benchmarks.ours", str(SPEC)], [])
    for name, path in TABLES.items():
        yield f"ours, {name}", (["benchmarks.ours", str(SPEC)], ["--set", f"source.path={path}"])
        yield f"tutorial, {name}", (["benchmarks.peers.tutorial", str(path)], [])


def _write(path: Path, gaps: bool) -> None:
    if path.is_file():
        return
    header, *lines = CSV.read_text(encoding="utf-8").splitlines()
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as out:
        out.write(header + "\n")
        for year in YEARS:
            out.writelines(_line(line.replace("2013", str(year)), gaps) + "\n" for line in lines)
    part.replace(path)


def _line(line: str, gaps: bool) -> str:
    return ",".join(f"{cell}.0" if cell.lstrip("-").isdigit() else cell for cell in line.split(",")) if gaps else line
