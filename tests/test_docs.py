"""Documents are correct (commands, specs, verbs, versions, links) and written plainly."""

from __future__ import annotations

import argparse
import ast
import configparser
import doctest
import re
import runpy
import shlex
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_architecture import LAYERS

import spark_jobs
from spark_jobs import models
from spark_jobs.cli.parser import VERBS
from spark_jobs.cli.parser import parse_arguments as parse_command
from spark_jobs.jobs import schema

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = (ROOT / "docs" / "reference", ROOT / "docs" / "project")  # made by make/reference.py
DOCUMENTS = sorted(
    file
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "examples/*.md", ".github/**/*.md")
    for file in ROOT.glob(pattern)
    if file.parent not in GENERATED
)
REFUSED = re.compile(r"\b(mend\w*|torn|judged|told of|the ordinary way\w*|goes without)\b", re.IGNORECASE)
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))


def tracked() -> list[Path]:
    """The files of the repository that hold text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git working tree")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and file.suffix not in (".png", ".gz", ".zip", ".parquet")]


def rows(text: str) -> list[list[str]]:
    """The cells of all lines of tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(document: Path, *languages: str) -> list[str]:
    """The fenced blocks of a document in one of the languages."""
    found = FENCE.findall(document.read_text(encoding="utf-8"))
    return [code for language, code in found if language in languages]


def commands(document: Path) -> list[str]:
    """What a document asks to type: lines of fenced shell blocks and words between backticks."""
    typed = [line.partition("  #")[0].strip() for code in blocks(document, "bash", "sh") for line in code.splitlines()]
    return typed + re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8"))


def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generated pages."""
    docs = tmp_path_factory.mktemp("docs")
    runpy.run_path(str(ROOT / "make" / "reference.py"))["main"](docs)
    return docs


# How documents are written


@every_document
def test_every_fenced_block_names_its_language(document):
    fences = re.findall(r"^ *```(.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert [language for language in fences[::2] if not language] == []
    assert set(fences[1::2]) <= {""}


@every_document
def test_no_line_of_a_document_is_longer_than_120_characters(document):
    lines = document.read_text(encoding="utf-8").splitlines()
    printed = document.parent.name == "benchmarks"  # its tables are the output of programs
    long = [line for line in lines if len(line) > 120 and not (printed and line.startswith("|"))]
    assert long == []


@every_document
def test_a_document_uses_plain_words(document):
    assert REFUSED.findall(document.read_text(encoding="utf-8")) == []


@every_document
def test_links_lead_somewhere(document, reference):
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    for target in (target for target in targets if not target.startswith("https://")):
        place = (document.parent / target).resolve()
        if place.parent in GENERATED:
            place = reference / place.relative_to(ROOT / "docs")
        assert place.exists(), target


# What documents ask to do


@every_document
def test_a_spec_in_a_document_is_valid(document):
    for text in blocks(document, "yaml"):
        value = yaml.safe_load(text)
        if isinstance(value, dict) and "source" in value:
            spark_jobs.parse(value)
        elif isinstance(value, dict) and "root" in value:
            spark_jobs.Environment(**value)


@every_document
def test_a_command_in_a_document_is_one_that_the_command_line_takes(document):
    for command in commands(document):
        if command.startswith("spark-jobs ") and "VERB" not in command and "," not in command:
            words = shlex.split(command.partition(">")[0])[1:]
            if words[0] not in ("--version", "--print-completion"):  # these print and exit
                assert isinstance(parse_command(_complete(words)), argparse.Namespace), command


def _complete(words: list[str]) -> list[str]:
    """A verb in prose comes without its spec."""
    verb_alone = len(words) == 1 and words[0] not in ("doctor", "schema")
    return [*words, "conf/flights.yml"] if verb_alone else words


def test_every_example_in_a_docstring_gives_what_it_shows():
    files = [file for file in sorted((ROOT / "spark_jobs").rglob("*.py")) if ">>>" in file.read_text(encoding="utf-8")]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]
    assert len(names) > 10
    assert [name for name in names if doctest.testmod(import_module(name)).failed] == []


@every_document
def test_python_in_a_document_compiles_and_uses_public_names(document):
    for code in blocks(document, "python"):
        used = {
            node.attr
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "spark_jobs"
        }
        assert used <= set(spark_jobs.__all__)


@every_document
def test_what_a_document_makes_can_be_made(document):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    typed = [command for command in commands(document) if command.startswith("make ")]
    named = {word for command in typed for word in command.split()[1:] if "=" not in word}
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_readme_and_contributing_say_how_to_test():
    for document in ("README.md", "CONTRIBUTING.md"):
        assert "make test" in [command.strip() for command in commands(ROOT / document)]


def test_the_readme_installs_and_runs_in_its_first_screen():
    screen = README.splitlines()[:60]
    wanted = ("make wheel", "pip install dist/*.whl", "spark-jobs init ", "spark-jobs check ", "spark-jobs run ")
    places = [next(number for number, line in enumerate(screen) if line.startswith(command)) for command in wanted]
    assert places == sorted(places)


def test_the_readme_has_every_verb_with_its_own_options():
    table = rows(section("The command line"))[2:]
    shown = {cells[0].strip("`").split()[0]: set(re.findall(r"--[a-z]+(?:-[a-z]+)*", cells[0])) for cells in table}
    assert shown == {name: _own_options(name) for name in VERBS}


class _Options:
    """Takes what a verb adds to its parser, and keeps the names of the options."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def add_argument(self, name: str, **_: Any) -> None:
        self.names |= {name} if name.startswith("--") else set()


def _own_options(verb: str) -> set[str]:
    """The options of a verb but for those of every verb and those that say where to write."""
    options = _Options()
    for add in VERBS[verb].adds:
        add(options)
    return options.names - {"--set"} - ({"--out", "--force"} if verb == "init" else set())


def test_the_matrix_of_versions_is_that_of_the_package():
    required = setup()["options"]["install_requires"] + setup()["options.extras_require"]["boost"]
    allowed = dict(re.fullmatch(r"([\w-]+)(.*)", line).groups() for line in required.split())
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    for name, tested, said in rows(section("What it runs on"))[4:]:
        assert said == allowed[name], name
        assert tested == pins.get(name, pins.get(name.replace("-", "_"))), name
    python = rows(section("What it runs on"))[2]
    assert python == ["Python", "3.11", setup()["options"]["python_requires"]]
    java = rows(section("What it runs on"))[3]
    assert java[0] == "Java"
    assert "17 | 21)" in (ROOT / "make" / "need").read_text()


def test_every_extra_that_something_asks_for_exists():
    extras = set(setup()["options.extras_require"])
    asked = {models.find(kind).extra for kind in models.algorithm_kinds()} - {""}
    named = {found for document in DOCUMENTS for found in re.findall(r"\.whl\)\[(\w+)\]", document.read_text("utf-8"))}
    makefile = set(re.findall(r"'\.\[([\w,]+)\]'", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert asked | named | {extra for group in makefile for extra in group.split(",")} <= extras


def test_the_pinned_jars_are_those_of_the_package():
    assert "io.delta:delta-spark_4.2_2.13:4.4.0" in (ROOT / "spark_jobs" / "runtime" / "jars.lock").read_text()


# The architecture


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_files_that_the_architecture_names_exist():
    extending = (ROOT / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", ARCHITECTURE + extending))
    assert len(named) > 2
    places = [ROOT, ROOT / "spark_jobs"]
    assert [name for name in sorted(named) if not any((place / name).is_file() for place in places)] == []


def test_the_architecture_lists_the_packages_in_the_order_of_imports():
    table = rows(ARCHITECTURE.split("## Packages")[1].split("\n## ")[0])[2:]
    listed = [set(re.findall(r"`(\w+)/?`", cells[0])) for cells in table]
    place = {package: number for number, packages in enumerate(listed) for package in packages}
    there = {path.stem for path in (ROOT / "spark_jobs").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert set(place) == there - {"__init__", "__pycache__"}
    order = [place[package] for layer in LAYERS for package in layer.split() if package in place]
    assert order == sorted(order)


def test_the_architecture_fits_on_one_page():
    assert len(ARCHITECTURE.splitlines()) <= 100


def test_every_decision_has_its_context_its_decision_and_its_consequences():
    pages = {page.name: page.read_text("utf-8") for page in (ROOT / "docs" / "decisions").glob("*.md")}
    index = pages.pop("index.md")
    assert len(pages) > 10
    for name, text in pages.items():
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], name
        assert f"({name})" in index


# The site


def test_the_reference_covers_every_verb_key_and_public_name(reference):
    spec, command_line, api, tables = (
        (reference / "reference" / f"{name}.md").read_text(encoding="utf-8")
        for name in ("spec", "command-line", "api", "tables")
    )
    made = schema.whole()
    for definition in (made, *made["$defs"].values()):
        for key in definition.get("properties", {}):
            assert f"| `{key}` |" in spec
    assert set(re.findall(r"^## (.*)$", command_line, re.MULTILINE)) == set(VERBS)
    assert command_line.count("usage: spark-jobs ") == len(VERBS)
    assert set(re.findall(r"^## (.*)$", api, re.MULTILINE)) == set(spark_jobs.__all__) - {"__version__"}
    assert {"_row_id", "_reasons", "spec_hash"} <= set(re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE))


def test_the_navigation_of_the_site_has_every_page(reference):
    docs = ROOT / "docs"
    written = {str(page.relative_to(docs)) for page in docs.rglob("*.md") if page.parent not in GENERATED}
    made = {str(page.relative_to(reference)) for page in reference.rglob("*.md")}
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert set(_pages(nav)) == written | made


def _pages(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [page for one in inner for page in _pages(one)]


# The repository


def test_the_workflow_runs_what_every_change_must_pass():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in steps


def test_the_changelog_keeps_its_sections():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = text.split("\n## Unreleased\n")[1].split("\n## ")[0]
    assert re.findall(r"^### (.*)$", unreleased, re.MULTILINE) == ["Added", "Changed", "Fixed", "Removed"]
    assert f"\n## {spark_jobs.__version__}\n" in text


def test_no_file_names_a_machine_or_a_registry():
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


def test_the_chart_of_the_readme_shows_the_figures_of_the_benchmarks():
    measured = runpy.run_path(str(ROOT / "make" / "measured.py"))
    tables = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert (ROOT / "docs" / "measured.svg").read_text(encoding="utf-8") == measured["draw"](measured["pairs"](tables))
