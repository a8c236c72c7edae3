from __future__ import annotations

import json
from types import SimpleNamespace

from spark_jobs.registry.input_example import example_row


def test_an_example_of_stored_types_is_plain_json(spark):
    values = {
        "money": ("number", "CAST(1.50 AS DECIMAL(9,2))", 1.5),
        "big": ("number", "9007199254740993", 9007199254740993),
        "when": ("timestamp", "TIMESTAMP'2020-01-01 12:00:00.25'", "2020-01-01T12:00:00.250000+00:00"),
        "day": ("date", "DATE'2020-01-02'", "2020-01-02"),
        "comma": ("number", "'52,4'", "52,4"),
        "text": ("text", "'007'", "007"),
        "nan": ("number", "double('NaN')", None),
    }
    rows = spark.sql("SELECT " + ", ".join(f"{sql} AS {name}" for name, (_, sql, _) in values.items()))
    plan = SimpleNamespace(used=tuple(values), type_of=lambda name: SimpleNamespace(cells=values[name][0]))
    found = example_row(rows, plan)
    assert found == [expected for _, _, expected in values.values()]
    assert json.loads(json.dumps(found)) == found
