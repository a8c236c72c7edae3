"""Checks that another distribution registers: one module each, and no change in this package."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from spark_jobs import plugins
from spark_jobs.checks import parse_checks
from spark_jobs.checks.report import check_report
from spark_jobs.checks.row_validation import CheckedRows
from spark_jobs.checks.training_domain import TrainingDomain
from spark_jobs.cli.main import main
from spark_jobs.columns.types import ColumnType
from spark_jobs.errors import SpecError
from spark_jobs.jobs.schema import whole
from spark_jobs.spec.checks import Changes

EVEN = """
    from typing import Literal

    from pydantic import Field

    from spark_jobs.checks import RowCheck, Violation
    from spark_jobs.spec.fields import ColumnName
    from spark_jobs.spec.mistakes import SpecIssue


    class Even(RowCheck):
        rule: Literal["even"] = Field(description="The number is a multiple of `times`.")
        column: ColumnName = Field(description="The column.")
        times: int = Field(default=2, description="The divisor.")

        def issues(self):
            if self.times == 0:
                yield SpecIssue(("times",), "is 0.", "Name another divisor.")

        def describe(self):
            return f"{self.column} a multiple of {self.times}"

        def violation(self, columns):
            cell = columns.cell(self.column, "number")
            return Violation(cell.value % self.times != 0, (self.column, " is odd: ", cell.shown))


    CHECK = Even
"""
LARGEST = """
    from typing import Literal

    from pydantic import Field

    from spark_jobs.checks import BatchCheck
    from spark_jobs.spec.fields import ColumnName


    class Largest(BatchCheck):
        rule: Literal["largest"] = Field(description="The largest number is at most `limit`.")
        column: ColumnName = Field(description="The column.")
        limit: int = Field(description="The limit.")

        def describe(self):
            return f"largest {self.column} at most {self.limit}"

        def metric(self, columns):
            from pyspark.sql import functions as F

            return F.max(columns.cell(self.column, "number").value).cast("bigint")

        def failure(self, metric, rows):
            return f"the largest of {rows} is {metric}" if metric is not None and metric > self.limit else None


    CHECK = Largest
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs modules as a distribution that registers their `CHECK` under given names."""
    modules = set(sys.modules)

    def installed(**registered: tuple[str, str]) -> None:
        metadata = tmp_path / "toy-1.0.dist-info"
        metadata.mkdir()
        lines = [f"{rule} = {module}:CHECK" for rule, (module, _) in registered.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[spark_jobs.checks]", *lines]), encoding="utf-8")
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n", encoding="utf-8")
        for module, text in registered.values():
            (tmp_path / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        plugins.registered.cache_clear()

    yield installed
    for name in set(sys.modules) - modules:
        if name.startswith("toy_"):
            del sys.modules[name]
    monkeypatch.undo()
    plugins.registered.cache_clear()


def checked_by_cli(tmp_path, capsys, *checks):
    conf = tmp_path / "spec.yml"
    conf.write_text("source: x.csv\ntarget: y\nchecks:\n" + "".join(f"  - {one}\n" for one in checks), encoding="utf-8")
    status = main(["check", str(conf)])
    return status, capsys.readouterr().err


def test_check_takes_a_registered_rule_and_validates_its_keys(install, tmp_path, capsys):
    install(even=("toy_even", EVEN), largest=("toy_largest", LARGEST))
    right = "{rule: even, column: n}", "{rule: largest, column: n, limit: 9, severity: warn}"
    assert checked_by_cli(tmp_path, capsys, *right)[0] == 0
    status, printed = checked_by_cli(tmp_path, capsys, "{rule: even, colum: n}", "{rule: even, column: n, times: 0}")
    assert status == 2
    assert "spec.yml:4:18: checks[0].colum` is not a known key. Did you mean 'column'?" in printed
    assert "spec.yml:5:29: checks[1].times` is 0. Name another divisor." in printed
    status, printed = checked_by_cli(tmp_path, capsys, "{rule: evn, column: n}")
    assert status == 2
    assert "Did you mean 'even'?" in printed


def test_the_schema_has_a_registered_rule(install):
    install(even=("toy_even", EVEN))
    made = whole()
    assert made["properties"]["checks"]["items"]["discriminator"]["mapping"]["even"] == "#/$defs/Even"
    assert made["$defs"]["Even"]["properties"]["times"]["description"] == "The divisor."


def test_registered_rules_are_applied_to_rows_as_the_built_in_ones(install, session):
    install(even=("toy_even", EVEN), largest=("toy_largest", LARGEST))
    rows = session.createDataFrame([("1",), ("2",), ("4",), (None,)], "n string")
    checks = parse_checks([{"rule": "even", "column": "n"}, {"rule": "largest", "column": "n", "limit": 3}])
    types = (ColumnType("n", "number", "number", "", integral=True),)
    checked = CheckedRows(rows, types, "UTC", checks, Changes(), TrainingDomain())
    assert [list(row["_reasons"]) for row in checked.refused.collect()] == [["n is odd: 1"]]
    assert sorted(str(row["n"]) for row in checked.good.collect()) == ["2", "4", "None"]
    report = check_report(checks, checked.metrics.counted(rows, checked.checked()))
    assert list(map(str, report.failures)) == [
        "n a multiple of 2: 1 rows fail",
        "largest n at most 3: the largest of 4 is 4",
    ]


def test_a_name_that_is_built_in_and_registered_is_refused(install, tmp_path, capsys):
    install(between=("toy_even", EVEN))
    status, printed = checked_by_cli(tmp_path, capsys, "{rule: not_null, column: n}")
    assert status == 2
    assert "The plug-in 'between' (toy_even:CHECK) of `spark_jobs.checks` has the name of a built-in one." in printed
    assert "Rename its entry point" in printed


@pytest.mark.parametrize("text", ["CHECK = 5", EVEN])
def test_a_plug_in_that_is_no_rule_of_its_name_is_refused(install, text):
    install(odd=("toy_odd", text))
    with pytest.raises(
        SpecError, match=r"The plug-in 'odd' of `spark_jobs.checks` is .*, which is not a rule"
    ) as error:
        parse_checks([{"rule": "not_null", "column": "n"}])
    assert error.value.advice.endswith("with `rule: Literal['odd']`.")
