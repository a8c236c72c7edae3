"""The same rows again, by hand or under another name, and input that holds nothing: no table is doubled or emptied."""

from __future__ import annotations

import shutil

import pytest
from cli_sandbox import KEYS, MALFORMED, SCORED

from spark_jobs.jobs import score
from spark_jobs.spec import Environment, parse

NUMBERS = dict.fromkeys(range(SCORED), 1)
REFUSED = {f"{number},malformed": 1 for number in range(SCORED, SCORED + MALFORMED)}


@pytest.fixture
def scoring(work, session):
    spec = parse({"source": str(work.folder / "new.csv"), **KEYS})
    return lambda path=None: score.run(spec, session, Environment(root=str(work.root)), input=path and str(path)).rows


def test_the_same_rows_again_by_hand_or_under_another_name_are_the_same_batch(work, scoring):
    first = scoring()
    again = scoring()
    renamed = shutil.copy(work.folder / "new.csv", work.folder / "other.csv")
    other = scoring(renamed)
    assert (work.scored(), work.refused()) == (NUMBERS, REFUSED)
    assert first == {"read": SCORED + MALFORMED, "scored": SCORED, "quarantined": MALFORMED, "duplicates": 0}
    assert again == other == {**first, "duplicates": SCORED}


@pytest.mark.long
@pytest.mark.end_to_end
def test_input_that_holds_nothing_or_only_refused_rows_empties_no_table(work, scoring):
    scoring()
    (work.folder / "header.csv").write_text("n,size,kind,price\n")
    (work.folder / "empty.csv").write_text("")
    (work.folder / "malformed.csv").write_text("n,size,kind,price\n901,malformed\n902,malformed\n")
    nothing = {"read": 0, "scored": 0, "quarantined": 0, "duplicates": 0}
    assert scoring(work.folder / "header.csv") == nothing
    assert scoring(work.folder / "empty.csv") == nothing
    assert scoring(work.folder / "malformed.csv") == {**nothing, "read": 2, "quarantined": 2}
    assert work.scored() == NUMBERS
    assert work.refused() == {**REFUSED, "901,malformed": 1, "902,malformed": 1}
    assert work.outcomes() == ["done"] * 4
