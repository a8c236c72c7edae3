from __future__ import annotations

import pytest

from spark_jobs.errors import SpecError
from spark_jobs.spec import parse

SPEC = {"source": "x.csv", "target": "y"}
TOPIC = {"servers": "host:9092", "topic": "t"}


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({"columns": {"ignore": ["a"], "numeric": ["a"]}}, ["columns.numeric[0]"]),
        ({"columns": {"categorical": ["a"], "order": {"a": ["low", "high"]}}}, ["columns.order.a"]),
        ({"columns": {"ignore": ["a", "b", "a"]}}, ["columns.ignore[2]"]),
        ({"columns": {"ignore": ["y"]}}, ["columns.ignore[0]"]),
        ({"columns": {"order": {"a": ["low"]}}}, ["columns.order.a"]),
        ({"columns": {"order": {"a": ["low", "high", "low"]}}}, ["columns.order.a[2]"]),
        ({"weight": "y"}, ["weight"]),
        ({"weight": "w", "columns": {"ignore": ["w"]}}, ["weight"]),
        ({"key": ["a", "y"]}, ["key[1]"]),
        ({"key": ["a", "a"]}, ["key[1]"]),
        ({"split": {"kind": "group", "column": "y"}}, ["split.column"]),
        ({"split": {"kind": "time"}}, ["split.column"]),
        ({"split": {"kind": "group"}}, ["split.column"]),
        ({"split": {"kind": "column"}}, ["split.column"]),
        ({"split": {"column": "a"}}, ["split.column"]),
        ({"split": {"test_value": "a"}}, ["split.test_value"]),
        ({"features": {"per_column": {"y": {"numeric": "none"}}}}, ["features.per_column.y"]),
        ({"task": "regression", "positive": "a"}, ["positive"]),
        ({"task": "multiclass", "positive": "a"}, ["positive"]),
        ({"task": "regression", "model": {"balance": True}}, ["model.balance"]),
        ({"evaluate": {"metrics": ["rmse", "rsme"]}}, ["evaluate.metrics[1]"]),
        ({"evaluate": {"gate": {"auc": 1.0}}}, ["evaluate.gate.auc"]),
        ({"task": "binary", "evaluate": {"metrics": ["rmse"]}}, ["evaluate.metrics[0]"]),
        ({"evaluate": {"threshold": "roc_auc"}}, ["evaluate.threshold"]),
        ({"timezone": "Europe/Belin"}, ["timezone"]),
        ({"timezone": "../../etc/passwd"}, ["timezone"]),
        ({"timezone": ""}, ["timezone"]),
        ({"target": "_row"}, ["target"]),
        ({"target": "Prediction"}, ["target"]),
        ({"key": ["_batch_id"]}, ["key[0]"]),
        ({"predictions": {"keep": ["valid"]}}, ["predictions.keep[0]"]),
        ({"predictions": {"partition_by": ["a", "a"]}}, ["predictions.partition_by[1]"]),
        ({"predictions": {"keep": ["a"], "partition_by": ["a", "b"]}}, ["predictions.partition_by[1]"]),
        ({"source": {}}, ["source"]),
        ({"source": {"path": "x.csv", "table": "t"}}, ["source"]),
        ({"source": {"kind": "table"}}, ["source"]),
        ({"source": {"path": "x.csv", "options": {"seperator": ";"}}}, ["source.options.seperator"]),
        ({"source": {"path": "x.csv", "options": {"inferSchema": True}}}, ["source.options.inferSchema"]),
        ({"source": {"path": "x.csv", "options": {"MODE": "DROPMALFORMED"}}}, ["source.options.MODE"]),
        ({"source": {"path": "x.csv", "options": {"dateFormat": "yyyy`); drop"}}}, ["source.options.dateFormat"]),
        ({"source": {"path": "x.csv", "options": {"decimal": "]"}}}, ["source.options.decimal"]),
        ({"source": {"path": "x.csv", "options": {"thousands": "."}}}, ["source.options.thousands"]),
        ({"source": {"path": "x.csv", "names": ["a", "b", "a"]}}, ["source.names[2]"]),
        ({"source": {**TOPIC, "values": "csv"}}, ["source.values"]),
        ({"source": {**TOPIC, "user": "ana"}}, ["source.user"]),
        ({"source": {**TOPIC, "password": "env:P"}}, ["source.password"]),
        ({"source": {**TOPIC, "options": {"kafka.ssl.x": "x"}}}, ['source.options."kafka.ssl.x"']),
        ({"source": {"topic": "t"}}, ["source.kind"]),
    ],
)
def test_what_can_be_seen_without_data_is_refused_with_its_place(asked, places):
    with pytest.raises(SpecError) as error:
        parse({**SPEC, **asked})
    assert [line.split("`")[1] for line in error.value.message.splitlines()] == places


@pytest.mark.parametrize(
    "asked",
    [
        {"columns": {"ignore": ["a"], "numeric": ["b"], "order": {"c": ["low", "high"]}}, "key": ["a"]},
        {"columns": {"ignore": ["day"]}, "split": {"kind": "time", "column": "day"}},
        {"columns": {"ignore": ["prediction"]}},
        {"split": {"kind": "column", "column": "part", "test_value": 1}},
        {
            "task": "binary",
            "positive": True,
            "evaluate": {"metrics": ["roc_auc"], "gate": {"f1": 0.5}, "threshold": "f1"},
        },
        {"timezone": "America/New_York", "weight": "w"},
        {
            "source": {
                "path": "x.csv",
                "options": {"Sep": ";", "decimal": ",", "header": False, "dateFormat": "dd/MM/yyyy 'T'HH"},
            }
        },
        {"clean": {"missing": {"numeric": 0, "categorical": "none given"}, "duplicates": {"by": ["a"]}}},
    ],
)
def test_what_is_right_is_taken(asked):
    parse({**SPEC, **asked})


def test_the_nearest_metric_is_named():
    with pytest.raises(SpecError) as error:
        parse({**SPEC, "evaluate": {"metrics": ["rsme"]}})
    assert error.value.advice == "Did you mean 'rmse'?"
