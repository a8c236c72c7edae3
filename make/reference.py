"""Write the generated pages of the documentation site: the spec, the command line, the API and the tables."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
JsonSchema = Mapping[str, Any]
COPIES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "ARCHITECTURE.md": "architecture.md",
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/parity.md": "parity.md",
}


LINK = re.compile(r"\[([^\]\n]*)\]\(([^)#\s]*)(#[^)\s]*)?\)")


def on_pre_build(config: Any) -> None:
    """Generate the pages before MkDocs lists them."""
    main(Path(config["docs_dir"]))


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Point links to files of the repository at the pages of the site."""
    return relinked(markdown, f"docs/{page.file.src_uri}", f"docs/{page.file.src_uri}")


def main(docs: Path) -> None:
    """Write `reference/` and `project/` under the folder of the documents."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    pages = {
        "reference/spec.md": spec_page(),
        "reference/command-line.md": command_line_page(),
        "reference/api.md": api_page(),
        "reference/tables.md": tables_page(),
        **{f"project/{name}": copied(source) for source, name in COPIES.items()},
    }
    for name, text in pages.items():
        page = docs / name
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.is_file() or page.read_text(encoding="utf-8") != text:  # `mkdocs serve` watches the folder
            page.write_text(text, encoding="utf-8")


def copied(source: str) -> str:
    """Return a document of the repository as a page of the site."""
    return relinked((ROOT / source).read_text(encoding="utf-8"), source, f"docs/project/{COPIES[source]}")


def relinked(text: str, source: str, page: str) -> str:
    """Return a document that was written at `source` with the links that it needs at `page`.

    A link to a file that is not on the site becomes its text.
    """

    def link(found: re.Match[str]) -> str:
        title, target, anchor = found[1], found[2], found[3] or ""
        if not target or "://" in target:
            return found[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        place = f"docs/project/{COPIES[place]}" if place in COPIES else place
        if not place.startswith("docs/"):
            return title
        return f"[{title}]({posixpath.relpath(place, posixpath.dirname(page))}{anchor})"

    return LINK.sub(link, text)


# The spec


def spec_page() -> str:
    """Return one section per block of the spec, and one per algorithm, from the JSON schema."""
    from spark_jobs.jobs import schema

    made = schema.whole()
    definitions = made["$defs"]
    lines = [
        "# The spec\n",
        "Every key of the YAML file, its type, its default and its meaning. `spark-jobs schema` prints the same as a",
        "JSON schema for editors. Only `source` and `target` are required.\n",
        *key_table(made),
    ]
    for name in reachable(made, definitions):
        lines += [f"\n## {name}\n", f"{definitions[name].get('description', '').strip()}\n"]
        lines += key_table(definitions[name])
    return "\n".join(lines) + "\n"


def reachable(made: JsonSchema, definitions: Mapping[str, JsonSchema]) -> list[str]:
    """Return the names of all definitions, in the order in which the schema refers to them."""
    found: list[str] = []
    waiting = [made]
    while waiting:
        for name in re.findall(r'"#/\$defs/(\w+)"', json.dumps(waiting.pop(0))):
            if name not in found:
                found.append(name)
                waiting.append(definitions[name])
    return found


def key_table(definition: JsonSchema) -> list[str]:
    """Return the keys of one block as the lines of a table."""
    required = definition.get("required", ())
    rows = [
        (f"`{key}`", type_of(about), default_of(key in required, about), cell(about.get("description", "")))
        for key, about in definition.get("properties", {}).items()
    ]
    return ["| key | type | default | meaning |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]


def type_of(about: JsonSchema) -> str:
    """Return the type of a key in words, with links to the blocks that it holds."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in about:
        return ", ".join(f"`{value}`" for value in about["enum"] if value is not None)
    if "const" in about:
        return f"`{about['const']}`"
    if choices := about.get("anyOf") or about.get("oneOf"):
        return " or ".join(dict.fromkeys(type_of(one) for one in choices if one.get("type") != "null"))
    if about.get("type") == "array":
        return f"list of {type_of(about.get('items', {}))}"
    if isinstance(about.get("additionalProperties"), Mapping):
        return f"mapping to {type_of(about['additionalProperties'])}"
    return str(about.get("type", "any"))


def default_of(required: bool, about: JsonSchema) -> str:
    """Return the default as YAML flow text; a block's default is described by its own section."""
    value = about.get("default")
    if required:
        return "required"
    if value is None or isinstance(value, dict):
        return ""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


# The command line


def command_line_page() -> str:
    """Return the help of every verb, as the command line prints it."""
    from spark_jobs.cli.parser import VERBS

    lines = ["# The command line\n", "Every verb and its options, as `spark-jobs VERB --help` prints them.\n"]
    lines += ["| verb | purpose |", "|---|---|"]
    lines += [f"| [`{name}`](#{name}) | {cell(verb.does)} |" for name, verb in VERBS.items()]
    for name in VERBS:
        lines += [f"\n## {name}\n", "```text", help_of(name), "```"]
    return "\n".join(lines) + "\n"


def help_of(verb: str) -> str:
    """Return what `spark-jobs VERB --help` prints on a terminal of 100 columns."""
    from spark_jobs.cli.parser import parse_arguments

    os.environ["COLUMNS"] = "100"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        parse_arguments([verb, "--help"])
    return printed.getvalue().strip()


# The API


def api_page() -> str:
    """Return the signature and the docstring of every public name."""
    import spark_jobs

    lines = [
        "# The Python API\n",
        "`import spark_jobs` offers these names. Importing the package starts nothing.\n",
    ]
    for name in (name for name in spark_jobs.__all__ if not name.startswith("__")):
        lines += member(name, getattr(spark_jobs, name))
    return "\n".join(lines) + "\n"


def member(name: str, offered: Any) -> Iterator[str]:
    """Yield the section of one public name, its fields and its public methods."""
    yield f"\n## {name}\n"
    if inspect.isfunction(offered):
        yield from signature(name, offered)
    yield docstring(inspect.getdoc(offered) or "")
    if not inspect.isclass(offered):
        return
    if is_dataclass(offered):
        yield f"\nFields: {', '.join(f'`{one.name}`' for one in fields(offered) if one.name[0] != '_')}."
    elif hasattr(offered, "model_fields"):
        yield f"\nFields: {', '.join(f'`{one}`' for one in offered.model_fields)}."
    for method, value in vars(offered).items():
        function = getattr(offered, method)
        is_property = isinstance(value, property | cached_property)
        if method[0] == "_" or isinstance(value, type) or not (is_property or inspect.isroutine(function)):
            continue
        yield f"\n### {name}.{method}\n"
        yield from () if is_property else signature(method, function)
        yield docstring(inspect.getdoc(function) or "")


def signature(name: str, function: Any) -> Iterator[str]:
    """Yield the signature as a code block, one parameter a line where it is long."""
    asked = inspect.signature(function)
    line = f"{name}{asked}"
    if len(line) > 100:
        parts: list[str] = []
        keyword_only = False
        for parameter in asked.parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
                parts.append("*")
                keyword_only = True
            parts.append(str(parameter))
        returned = "" if asked.return_annotation is asked.empty else f" -> {asked.return_annotation}"
        line = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returned}"
    yield f"```python\n{line}\n```\n"


def docstring(text: str) -> str:
    """Return a docstring as Markdown: its sections as headings, their entries as lists."""
    lines: list[str] = []
    section = False
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Yields|Example|Examples|Attributes):", line):
            section = True
            lines += [f"\n**{line.removesuffix(':')}**\n"]
        elif section and (entry := re.fullmatch(r"    (\*{0,2}\w+): (.*)", line)):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif section:
            lines.append(f"  {line.strip()}" if line.strip() and lines[-1].startswith(("- ", "  ")) else line.strip())
        else:
            lines.append(line)
    return "\n".join(lines)


# The tables


def tables_page() -> str:
    """Return the columns of every table, from the comments that the tables carry."""
    from spark_jobs.tables import ledger, prediction_rows, quarantine

    tables = {
        "`<name>_predictions`": ("One row for each scored input row and model version.", prediction_rows.ABOUT),
        "`<name>_quarantine`": ("One row for each input row or file that was not scored.", quarantine.ABOUT),
        "`ledger`": ("One row for each run of a job, also of a failed one.", ledger.ABOUT),
    }
    lines = [
        "# The tables\n",
        "All tables are Delta tables under `<root>/tables/`. Times are microseconds in UTC.",
        "`<name>_predictions` also holds the kept input columns. A column that does not apply is absent or null.\n",
    ]
    for name, (purpose, columns) in tables.items():
        lines += [f"\n## {name}\n", f"{purpose}\n", "| column | meaning |", "|---|---|"]
        lines += [f"| `{column}` | {cell(about)} |" for column, about in columns.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
