"""The top of the report: the name, the facts of the run, and the metrics with their baseline."""

from __future__ import annotations

from spark_jobs.error_translation import optional
from spark_jobs.formatting import format_count
from spark_jobs.models import find
from spark_jobs.report.baseline import Baseline, compare_with_baseline, compute_baseline
from spark_jobs.report.context import ReportContext
from spark_jobs.report.evaluation_section import format_metrics_alike, mask_undefined_metrics
from spark_jobs.report.formatting import format_metric_name
from spark_jobs.report.html import Html, join, tag

HEADLINES = {
    "regression": ("rmse", "r2", "mae"),
    "binary": ("roc_auc", "f1", "accuracy"),
    "multiclass": ("accuracy", "f1", "log_loss"),
}
LEFT_OUT = tag("p", "This part failed and is left out; the result of the job shows the reason.", class_="warn")


def render_header(context: ReportContext) -> Html:
    """Return the name, the facts, what the model predicts, and the metrics."""
    shown = optional("The header of the report", lambda: _headline(context), LEFT_OUT)
    return join([tag("h1", context.name), shown])


def _headline(context: ReportContext) -> Html:
    metrics = mask_undefined_metrics(context.evaluation, context.positive)
    first = [name for name in HEADLINES[context.task] if name in metrics]
    names = first + [name for name in metrics if name not in first]
    baseline = compute_baseline(context)
    tiles = [_tile(name, metrics[name], baseline, name in first[:1]) for name in names]
    compared = compare_with_baseline(context, baseline)
    sentence = tag("p", "Baseline: ", compared) if compared else ""
    return join([tag("p", _sentence(context)), _facts(context), tag("div", *tiles, class_="tiles"), sentence])


def _sentence(context: ReportContext) -> Html:
    kind = "number" if context.task == "regression" else "class"
    model = f" Model: {find(context.plan.model).title}." if context.plan is not None else ""
    is_binary = context.task == "binary" and context.positive is not None
    positive = f" (positive class: {context.positive})" if is_binary else ""
    trained = f" Trained on {format_count(context.rows['trained'], 'row')}." if "trained" in context.rows else ""
    tested = f" Tested on {format_count(context.evaluation.rows, 'other row')}."
    return join([f"Predicts the {kind} ", tag("b", context.target), f"{positive}.{model}{trained}{tested}"])


def _facts(context: ReportContext) -> Html:
    date = context.trained_at.strftime("%Y-%m-%d %H:%M %Z").strip() if context.trained_at is not None else ""
    seed = str(context.plan.seed) if context.plan is not None else ""
    known = {
        "Version": context.version,
        "Registered as": context.alias,
        "Date": date,
        "Seed": seed,
        "User": context.user,
    }
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in known.items() if value]
    return tag("dl", *shown, class_="facts") if shown else Html("")


def _tile(name: str, value: float | None, baseline: Baseline, is_first: bool) -> Html:
    shown, usual = format_metrics_alike(name, value, baseline.metrics.get(name))
    told = (tag("b", shown), tag("span", format_metric_name(name)), tag("span", f"baseline {usual}"))
    return tag("div", *told, class_="tile first" if is_first else "tile")
