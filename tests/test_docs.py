"""What the papers say is so: commands, verbs, versions, links; and no file tells of the machine it was written on."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from spark_jobs.cli.parser import VERBS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]


def tracked() -> list[Path]:
    """The files of the repository that hold text."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("this is not a git working tree")
    files = [ROOT / name for name in told.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and file.suffix not in (".png", ".gz", ".zip", ".parquet")]


def rows(text: str) -> list[list[str]]:
    """The cells of all lines of tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("paper", ["README.md", "CONTRIBUTING.md"])
def test_what_the_papers_make_can_be_made(paper):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    said = set(re.findall(r"make ([a-z][a-z-]*)", "\n".join(_code(paper))))
    assert {"test"} <= said
    assert said <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def _code(paper: str) -> list[str]:
    """What stands between backticks or is indented: not prose, which may make anything."""
    text = (ROOT / paper).read_text(encoding="utf-8")
    return [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^    (\S.*)$", text, re.MULTILINE)]


def test_the_readme_has_every_verb_with_its_own_options():
    table = rows(section("The command line"))[2:]
    told = {cells[0].strip("`").split()[0]: set(re.findall(r"--[a-z]+(?:-[a-z]+)*", cells[0])) for cells in table}
    assert told == {name: _own_options(name) for name in VERBS}


def _own_options(verb: str) -> set[str]:
    """Required options, and those that are neither for every verb nor a matter of where to write."""
    from spark_jobs.cli.parser import _parsers

    options = {option for action in _parsers()[1][verb]._actions for option in action.option_strings}
    everywhere = {"--help", "--json", "--quiet", "--debug", "--env", "--set"}
    return {option for option in options if option.startswith("--")} - everywhere - _of_writing(verb)


def _of_writing(verb: str) -> set[str]:
    return {"--out", "--force"} if verb == "init" else set()


def test_the_matrix_of_versions_is_that_of_the_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    required = setup["options"]["install_requires"] + setup["options.extras_require"]["boost"]
    allowed = dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in required.split())
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    for name, tested, said in rows(section("What it runs on"))[4:]:
        assert said == allowed[name], name
        assert tested == pins.get(name, pins.get(name.replace("-", "_"))), name
    python = rows(section("What it runs on"))[2]
    assert python == ["Python", "3.11", setup["options"]["python_requires"]]
    java = rows(section("What it runs on"))[3]
    assert java[0] == "Java"
    assert "17 | 21)" in (ROOT / "make" / "need").read_text()


def test_the_pinned_jars_are_those_of_the_package():
    assert "io.delta:delta-spark_4.2_2.13:4.4.0" in (ROOT / "spark_jobs" / "jars.lock").read_text()


@pytest.mark.parametrize("paper", PAPERS)
def test_links_to_files_lead_somewhere(paper):
    file = ROOT / paper
    for target in re.findall(r"\]\(([^)#]+)", file.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (file.parent / target).exists(), target


def test_files_that_the_architecture_names_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", text))
    assert len(named) > 10
    places = [ROOT, ROOT / "spark_jobs", ROOT / "spark_jobs" / "training"]
    assert [name for name in sorted(named) if not any((place / name).is_file() for place in places)] == []


def test_the_architecture_knows_every_room():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in (ROOT / "spark_jobs").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {room for room in rooms - {"__init__", "__pycache__"} if not re.search(rf"`{room}/?`", text)} == set()


def test_no_file_tells_of_a_machine_or_a_registry():
    machine = r"/(?:work|root|home/[a-z]+|Users/[A-Za-z]+)/\w"
    registry = r"(?:artifactory|nexus|devpi|pypi\.[a-z]+\.(?:internal|corp|local))|--index-url|extra-index-url"
    wrong = re.compile(f"{machine}|{registry}")
    this = Path(__file__)
    found = {
        str(file.relative_to(ROOT)): match.group()
        for file in tracked()
        if file != this and (match := wrong.search(file.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


def test_the_picture_of_the_report_is_small():
    assert (ROOT / "docs" / "report.png").stat().st_size < 300_000
