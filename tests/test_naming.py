"""Names and words that this package does not use, and the field's terms that stand in their place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spark_jobs"
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# By room: former names of modules, classes, functions and parameters, each with the term that replaced it.
FORMER = {
    "sources": "Form understand Scan marks_of without_marks torn why_torn Objects Records Refused Away Span telling",
    "formats": "Form Objects Records Refused Away",
    "columns": "Seen unlike are_unlike now",
    "tables": "write_whole upkeep Upkeep do would_do now unlike Once prove kept layout fitting Target",
    "streaming": "begun ended begins remembered agree pinned forget Standing StreamAccount Done standing unread",
    "scoring": "unread Judged sift familiar unlike",
    "checks": "tally Judged verdict sift Familiar familiar unfamiliar Tally Findings Broke Broken",
    "profile": "Fenced TextReading Relation Depth gathered fenced moved different squares relation reading",
    "plan": "frame Problem Knowledge choose numbered leaks",
    "features": "worth worths drawn moved strength Clock keep_clock",
    "pipeline": "Features level_strengths level_worths Worth worths drawn",
    "graph": "halves proof prove proven said trials weak Proven Told same Trial Weak wall keep_clock",
    "training": "course Lesson learn relearn Survey Looked survey look look_ahead kept outcome Ask relabelled",
    "registry": "words point warm Finished objections",
    "jobs": "keeping_ledger unlike",
    "spec": "Part Mistake vocabulary",
    "models": "Shape rereads instead refuse _answers _slots _balance",
    "ops": "answer Answer upright flat beside picked Grove plant grove older is_older worth said",
    "report": "Story chapters judgement numerals pictures writing",
}
WORDS = r"\b(mend|mends|mended|mending|torn|judged|told of|the ordinary way|goes without)\b"


def files_of(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


def names_in(file: Path) -> set[str]:
    """The module's name, and those of its classes, functions, parameters and fields."""
    names = {file.stem}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
            fields = node.body if isinstance(node, ast.ClassDef) else []
            names |= {field.target.id for field in fields if isinstance(field, ast.AnnAssign)}
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


@pytest.mark.parametrize("room", FORMER)
def test_a_room_has_no_name_that_was_replaced(room):
    found = {file.name: names_in(file) & set(FORMER[room].split()) for file in files_of(room)}
    assert {name: names for name, names in found.items() if names} == {}


def test_code_and_messages_use_the_words_of_the_field():
    lines = (
        (file, number, line)
        for file in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    )
    assert [f"{file.name}:{number}" for file, number, line in lines if re.search(WORDS, line, re.IGNORECASE)] == []


def is_private(name: str) -> bool:
    """Whether a dotted name has a private part; `__main__` and names of protocols such as `_repr_html_` have none."""
    return any(part.startswith("_") and not part.endswith("_") for part in name.split("."))


def names_from_the_package(tree: ast.AST) -> set[str]:
    """The names that a module has from imports of the package."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "spark_jobs":
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.partition(".")[0] == "spark_jobs"]
            names |= {alias.asname or "spark_jobs" for alias in ours}
    return names


def private_names_reached(tree: ast.AST) -> set[str]:
    """The private names of the package that a module imports, calls or replaces."""
    ours, found = names_from_the_package(tree), set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "spark_jobs":
                found |= {f"{module}.{alias.name}" for alias in node.names}
            case ast.Attribute() if ast.unparse(node).partition(".")[0] in ours:
                found.add(ast.unparse(node))
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[ast.Constant(value=str(name)), *_]):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr="setattr"), args=[owner, ast.Constant(value=str(name)), *_]):
                if ast.unparse(owner).partition(".")[0] in ours:
                    found.add(name)
    return {name for name in found if is_private(name)}


@pytest.mark.parametrize(
    "code",
    [
        "from spark_jobs.models import _trees",
        "from spark_jobs.models._trees import grow",
        "from spark_jobs import progress as shown\nshown._display.running",
        "import spark_jobs.progress\nspark_jobs.progress._display",
        'monkeypatch.setattr("spark_jobs.progress._display", None)',
        'from spark_jobs import progress\nmonkeypatch.setattr(progress, "_display", None)',
    ],
)
def test_a_private_name_of_the_package_is_noticed(code):
    assert private_names_reached(ast.parse(code))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_tests_go_through_public_names(file):
    assert private_names_reached(ast.parse(file.read_text(encoding="utf-8"))) == set()
