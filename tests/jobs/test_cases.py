"""The inputs of ../shared/cases, each a whole job, against what its README says is right."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import spark_jobs
from spark_jobs.errors import DataError
from spark_jobs.spec import Environment

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
pytestmark = [pytest.mark.long, pytest.mark.end_to_end]


@pytest.fixture
def case(tmp_path, monkeypatch) -> Callable[[str], Path]:
    """Copies the folder of a case, makes it the current one, and gives its path."""
    if not CASES.is_dir():
        pytest.skip(f"the shared cases are not there: {CASES}")

    def copied(name: str) -> Path:
        (found,) = CASES.glob(f"{name}_*")
        folder = tmp_path / found.name
        shutil.copytree(found, folder)
        monkeypatch.chdir(folder)
        return folder

    return copied


def test_39_a_name_made_from_a_file_is_safe_and_shown(spark, case):
    folder = case("39")
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert result.status == "done"
    assert result.model["name"] == "Verkaufe"
    assert result.rows["scored"] == 240
    assert Path(result.tables["Verkaufe_predictions"]).is_dir()
    assert "  name      'Verkaufe', made from 'Verkäufe.csv'" in result.summary


@pytest.mark.parametrize(
    ("number", "read", "quarantined"),
    [("01", 240, 0), ("02", 240, 0), ("03", 240, 0), ("26", 241, 1)],
)
def test_01_02_03_26_every_object_of_json_is_scored_or_in_quarantine(spark, case, number, read, quarantined):
    folder = case(number)
    result = spark_jobs.run("spec.yml", spark=spark, env=Environment(root=str(folder / "root")))
    rows = result.rows
    assert (rows["read"], rows["quarantined"], rows["scored"]) == (read, quarantined, read - quarantined)
    assert rows["trained"] + rows["tested"] + rows["duplicates"] + rows["no_target"] == rows["scored"]
    kept = set(pd.read_parquet(result.tables[f"{result.model['name']}_predictions"]).columns)
    assert {"a", "b"} <= kept
    assert number != "26" or {"_metadata", "_corrupt_record"} <= kept


def test_23_a_packed_file_that_cannot_be_read_is_refused_by_name(spark, case):
    folder = case("23")
    with pytest.raises(DataError, match=r"d\.csv\.zst' is packed with Zstandard") as refused:
        spark_jobs.run("d.csv.zst.yml", spark=spark, env=Environment(root=str(folder / "root")))
    assert "Unpack it" in refused.value.advice
