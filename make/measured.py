"""Draws docs/measured.svg, the chart of the README, from the tables of benchmarks/README.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CHART = ROOT / "docs" / "measured.svg"
_LABEL, _BAR, _ROW = 300, 330, 22
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .small { fill: #57606a }
  .ours { fill: #2f6fde } .baseline { fill: #b9c2cc }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9aa4af } .ours { fill: #5b93f5 } .baseline { fill: #59636e }
  }"""


class Pair(NamedTuple):
    """A measurement: ours and the baseline's."""

    title: str
    unit: str
    baseline: str
    figures: tuple[float, float]


def pairs(text: str) -> list[Pair]:
    """Return the measurements that the tables of benchmarks/README.md hold."""
    fit = re.search(r"^\| fit, ours / baseline \| ([\d.]+) / ([\d.]+) =", text, re.MULTILINE)
    ours = re.findall(r"^\| (linear|100 boosted trees) \| ours \| ([\d.]+)", text, re.MULTILINE)
    theirs = re.findall(r"^\| +\| a hand-written pipeline \| ([\d.]+)", text, re.MULTILINE)
    equal = re.findall(r"^\| (?:ours|onnxmltools 1.16, the hand-written pipeline) \| (\d+)", text, re.MULTILINE)
    assert fit is not None
    assert len(ours) == len(theirs) == len(equal) == 2
    models = {"linear": "a linear model", "100 boosted trees": "100 boosted trees"}
    return [
        Pair("Fit the preprocessing of 1 M rows", "s", "Spark ML's estimators", (float(fit[1]), float(fit[2]))),
        *(
            Pair(f"Score 1 M rows, {models[model]}", "s", "a hand-written pipeline", (float(own), float(other)))
            for (model, own), other in zip(ours, theirs, strict=True)
        ),
        Pair("ONNX graphs equal to Spark, of 69", "", "onnxmltools", (float(equal[0]), float(equal[1]))),
    ]


def draw(measured: list[Pair]) -> str:
    """Return the chart: two bars for each measurement, ours above the baseline's."""
    parts, y = [], 8
    for pair in measured:
        most = max(pair.figures)
        for name, figure, kind in zip(("spark-jobs", pair.baseline), pair.figures, ("ours", "baseline"), strict=True):
            width, shown = _BAR * figure / most, f"{figure:g} {pair.unit}".strip()
            title = pair.title if kind == "ours" else ""
            parts.append(
                f'<text x="0" y="{y + 14}">{title}</text><rect class="{kind}" x="{_LABEL}" y="{y + 2}" '
                f'width="{width:.0f}" height="{_ROW - 5}" rx="2"/>'
                f'<text x="{_LABEL + width + 8:.0f}" y="{y + 15}">{shown} <tspan class="small">{name}</tspan></text>'
            )
            y += _ROW
        y += 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{y}" viewBox="0 0 860 {y}" role="img">'
    said = "Measured: " + "; ".join(f"{pair.title}: {pair.figures[0]:g} and {pair.figures[1]:g}" for pair in measured)
    return "\n".join((head, f"<title>{said}</title>", f"<style>{_STYLE}</style>", *parts, "</svg>", ""))


if __name__ == "__main__":
    CHART.write_text(draw(pairs((ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"))), encoding="utf-8")
