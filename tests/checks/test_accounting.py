"""Any table with any checks: each row is scored or refused, none is both, none is lost."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spark_jobs.checks import parse_checks
from spark_jobs.checks.batch_metrics import REFUSED, ROWS
from spark_jobs.checks.row_validation import CheckedRows
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.columns.types import ColumnType
from spark_jobs.spec.checks import Changes

NUMBERS, TEXTS = ("n. 1", "n`2"), ("t'3", "t 4")
TYPES = (
    *(ColumnType(name, "number", "number", "") for name in NUMBERS),
    *(ColumnType(name, "text", "category", "") for name in TEXTS),
)
NAMES = [kind.name for kind in TYPES]

cells = st.one_of(
    st.none(),
    st.integers(-5, 5).map(str),
    st.floats(-5, 5).map(str),
    st.sampled_from(["", "NaN", "-0", "1e309", "a", "b ", "aa", "=1+1", "\u200b", "👋", '"', "\\", "null"]),
    st.text(max_size=3).map(lambda text: text.encode("utf-8", "replace").decode()),
)
rows = st.lists(st.tuples(*[cells] * len(NAMES)), max_size=40)
severity = st.sampled_from(["warn", "quarantine", "quarantine", "fail"])
number, text, anything = st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.sampled_from(NAMES)
bounds = st.tuples(st.integers(-6, 0), st.integers(0, 6))


def _check(rule, **keys):
    return st.fixed_dictionaries({"rule": st.just(rule), "severity": severity, **keys})


checks = st.lists(
    st.one_of(
        st.builds(lambda check, low_high: check | dict(zip(("min", "max"), low_high, strict=True)),
                  _check("between", column=number), bounds),
        _check("in", column=text, values=st.lists(st.sampled_from(["a", "b", "1"]), min_size=1, unique=True)),
        _check("in", column=number, values=st.lists(st.integers(-3, 3), min_size=1, unique=True)),
        _check("not_null", column=anything),
        _check("matches", column=anything, pattern=st.sampled_from(["a*", "[0-9.]+", "(a|b)?", r"\S*"])),
        _check("unique", columns=st.lists(anything, min_size=1, max_size=2, unique=True)),
        st.sampled_from([{"rule": "compare", "column": NUMBERS[0], "is": "<", "other": NUMBERS[1]},
                         {"rule": "compare", "column": TEXTS[0], "is": "==", "other": TEXTS[1]}]),
    ),
    max_size=6, unique_by=lambda check: json.dumps(check, sort_keys=True),
)  # fmt: skip


@settings(
    max_examples=10, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(rows=rows, checks=checks, type_=st.sampled_from(["cast", "quarantine"]))
def test_the_rows_read_are_those_scored_and_those_refused(session, rows, checks, type_):
    schema = ", ".join(f"`{name.replace('`', '``')}` string" for name in NAMES)
    given_rows = [(str(place), *row) for place, row in enumerate(rows)]
    frame = session.createDataFrame(given_rows, f"place string, {schema}").coalesce(1)
    checked = CheckedRows(frame, TYPES, "UTC", parse_checks(checks), Changes(type=type_), TrainingDomain())
    counts = checked.metrics.counted(frame, checked.checked())
    scored = [row["place"] for row in checked.good.select("place").collect()]
    refused = checked.refused.collect() if checked.refused is not None else []
    came = {row[0]: dict(zip(NAMES, row[1:], strict=True)) for row in given_rows}
    raw = [json.loads(row["_raw"]) for row in refused]
    assert Counter(scored + [row["place"] for row in raw]) == Counter(list(came))
    assert all(came[row["place"]] == {name: row[name] for name in NAMES} for row in raw)
    assert all(row["_reasons"] for row in refused)
    assert (counts[ROWS], counts.get(REFUSED, 0)) == (len(rows), len(refused))
