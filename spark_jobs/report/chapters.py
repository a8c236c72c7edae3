"""What stands on the page of a training, from the headline to the versions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from spark_jobs.error_translation import optional
from spark_jobs.features import CategoryInput, Input
from spark_jobs.report.data_page import columns_table
from spark_jobs.report.html import Html, html, joined, long_table, section, table, tag
from spark_jobs.report.judgement import judgement
from spark_jobs.report.numerals import number, plural, share
from spark_jobs.report.story import Story

MENU = (
    ("evaluation", "Evaluation"),
    ("slices", "Slices"),
    ("model", "Model"),
    ("decisions", "Decisions"),
    ("data", "Data"),
    ("cleaning", "Cleaning"),
    ("features", "Features"),
    ("lineage", "Versions and lineage"),
)
HEADLINES = {
    "regression": ("rmse", "r2", "mae"),
    "binary": ("roc_auc", "f1", "accuracy"),
    "multiclass": ("accuracy", "f1", "log_loss"),
}
ROW_WORDS = {
    "read": "rows read",
    "trained": "rows the model learned from",
    "tested": "rows it was tested on",
    "duplicates": "duplicates, left out",
    "no_target": "without a target, left out",
    "outliers": "outlier rows, left out",
    "dropped": "with a missing value, left out as asked",
    "quarantined": "in quarantine",
    "malformed": "of them torn or malformed",
}

_LEFT_OUT = tag("p", "This part failed and is left out; the result of the job says why.", class_="warn")


def header(story: Story) -> Html:
    """Name, what was learned from how much, and the metrics."""
    told = optional("The header of the report", lambda: _headline(story), _LEFT_OUT)
    return joined([tag("h1", story.name), told])


def _headline(story: Story) -> Html:
    first = [name for name in HEADLINES[story.task] if name in story.evaluation.metrics]
    names = first + [name for name in story.evaluation.metrics if name not in first]
    tiles = [_tile(name, story.evaluation.metrics[name], name in first[:1]) for name in names]
    return joined([tag("p", _sentence(story)), tag("div", *tiles, class_="tiles")])


def _sentence(story: Story) -> Html:
    what = {"regression": "the number", "binary": "the class", "multiclass": "the class"}[story.task]
    model = f" with the model {story.plan.model}" if story.plan is not None else ""
    event = f", the event being {story.positive}" if story.task == "binary" and story.positive is not None else ""
    learned = f" Learned from {plural(story.rows['trained'], 'row')}." if "trained" in story.rows else ""
    judged = f" Judged on {plural(story.evaluation.rows, 'row')} it had not seen."
    return joined([f"Predicts {what} ", tag("b", story.target), f"{event}{model}.{learned}{judged}"])


def _tile(name: str, value: float, first: bool) -> Html:
    return tag("div", tag("b", number(value)), tag("span", name), class_="tile first" if first else "tile")


def chapters(story: Story, pictures: Mapping[str, Path | None]) -> list[Html]:
    """All sections in the order of the menu; one that fails holds a note instead."""
    judged = [name for name in pictures if name not in ("importances", "features")]
    made: Mapping[str, Callable[[], Html]] = {
        "evaluation": lambda: joined([_shown(pictures, judged), judgement(story.evaluation)]),
        "slices": lambda: _slices(story),
        "model": lambda: joined([_model(story), _shown(pictures, ["importances"])]),
        "decisions": lambda: _decisions(story),
        "data": lambda: joined([_data(story), _shown(pictures, ["features"], wide=True)]),
        "cleaning": lambda: _cleaning(story),
        "features": lambda: _features(story),
        "lineage": lambda: _lineage(story),
    }
    return [
        section(anchor, title, optional(f"The section '{title}' of the report", made[anchor], _LEFT_OUT))
        for anchor, title in MENU
    ]


def _shown(pictures: Mapping[str, Path | None], names: Sequence[str], wide: bool = False) -> Html:
    known = [(one, pictures[one]) for one in names if one in pictures]
    figures = [_figure(name, path, wide) for name, path in known if path is not None]
    lost = [tag("p", f"The figure '{name}' could not be drawn.", class_="warn") for name, path in known if path is None]
    return joined([*lost, tag("div", *figures, class_="pictures") if figures else ""])


def _figure(name: str, path: Path, wide: bool) -> Html:
    image = tag("img", src=_inline(path), alt=name.replace("_", " "))
    return tag("figure", image, class_="wide" if wide else None)


def _inline(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


def _slices(story: Story) -> Html:
    slices = story.evaluation.details.get("slices") or {}
    if not slices:
        return tag("p", "None asked for: name columns in ", tag("code", "evaluate.slices"), ".", class_="soft")
    return joined(part for name, levels in slices.items() for part in (tag("h3", name), _slice(levels)))


def _slice(levels: Sequence[Mapping[str, object]]) -> Html:
    names = list(dict.fromkeys(name for level in levels for name in _of(level)))
    rows = [[_level(one), number(_rows(one)), *(number(_of(one).get(name)) for name in names)] for one in levels]
    return long_table(["Level", "Rows", *names], rows, range(1, len(names) + 2), 15, "levels")


def _of(level: Mapping[str, object]) -> Mapping[str, float]:
    metrics = level["metrics"]
    return metrics if isinstance(metrics, Mapping) else {}


def _rows(level: Mapping[str, object]) -> int:
    return int(str(level["rows"]))


def _level(level: Mapping[str, object]) -> Html:
    if level["others"]:
        return tag("span", "all other levels", class_="soft")
    if level["level"] is None:
        return tag("span", "missing", class_="soft")
    return html(level["level"])


def _model(story: Story) -> Html:
    if story.plan is None:
        return Html("")
    params = [(name, html(value)) for name, value in story.plan.params.items()]
    told = tag("p", "Algorithm ", tag("b", story.plan.model), f", {plural(len(story.plan.inputs), 'input')}.")
    return joined([told, table(("Option", "Value"), params) if params else Html("")])


def _decisions(story: Story) -> Html:
    if story.plan is None:
        return Html("")
    rows = [(tag("span", one.subject, class_="name"), one.choice, one.reason) for one in story.plan.decisions]
    return long_table(("About", "Choice", "Because"), rows, (), 30, "decisions")


def _data(story: Story) -> Html:
    kinds = {column.name: column.kind for column in story.plan.columns} if story.plan is not None else {}
    size = f"{plural(story.profile.rows, 'row')}, {plural(len(story.profile.columns), 'column')}: the training part."
    return joined([tag("p", size, class_="soft"), columns_table(story.profile, kinds)])


def _cleaning(story: Story) -> Html:
    read = story.rows.get("read", 0)
    rows = [
        (ROW_WORDS.get(name, name), number(count), share(count, read) if read else "")
        for name, count in story.rows.items()
    ]
    cells = [(name, number(count)) for name, count in story.cells.items() if count]
    lost = long_table(("Column", "Values that did not parse and became null"), cells, (1,)) if cells else Html("")
    return joined([table(("Rows", "Count", "Of those read"), rows, (1, 2)), tag("h3", "Cells") if cells else "", lost])


def _features(story: Story) -> Html:
    if story.plan is None:
        return Html("")
    rows = [(tag("span", one.title, class_="name"), _made(one), _filled(one), one.scale) for one in story.plan.inputs]
    table_of = long_table(("Input", "How", "Where missing", "Scale"), rows, (), 30, "inputs")
    out = [(column.name, column.role, column.reason) for column in story.plan.columns if column.role != "feature"]
    others = long_table(("Column", "Role", "Because"), out, (), 15, "columns")
    return joined([table_of, *([tag("h3", "Not used as a feature"), others] if out else [])])


def _made(one: Input) -> str:
    if isinstance(one, CategoryInput):
        return f"{one.encode}, {plural(len(one.levels), 'level')}"
    if one.bounds is None:
        return "number" if one.part is None else "part of a date"
    low, high = one.bounds
    done = "clipped to" if one.outside == "clip" else "missing outside"
    return f"{done} {number(low)} … {number(high)}"


def _filled(one: Input) -> str:
    fill = one.fill if isinstance(one, CategoryInput) else number(one.fill)
    return f"{fill}{', and marked' if one.indicator else ''}"


def _lineage(story: Story) -> Html:
    facts = [(name, html(value)) for part in (story.lineage, story.versions) for name, value in part.items()]
    seconds = [(name, f"{value:.1f} s") for name, value in story.seconds.items()]
    timed = joined([tag("h3", "Time"), table(("Phase", "Seconds"), seconds, (1,))]) if seconds else Html("")
    return joined([table(("What", "Which"), facts), timed])
