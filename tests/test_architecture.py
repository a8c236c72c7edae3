"""The rules of the house, held by a test: who may import whom, how long things are, what they are called."""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
from io import StringIO
from pathlib import Path

import pytest

from spark_jobs.cli.parser import VERBS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "spark_jobs"
FILES = sorted(PACKAGE.rglob("*.py"))

# A room imports rooms further down, never one of its own line. The last line is for everyone.
LAYERS = (
    "__main__",
    "cli",
    "api",
    "jobs serving",
    "results diagnostics",
    "spec_validation",
    "streaming",
    "scoring",
    "tuning",
    "registry",
    "report",
    "training",
    "graph",
    "pipeline",
    "plan",
    "features models",
    "checks",
    "profile",
    "tables",
    "sources",
    "formats",
    "columns",
    "runtime",
    "spec",
    "bundle ops",
    "error_translation plugins progress",
    "errors fault_points notebook_html",
    "formatting",
)
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms.split()}
WITHOUT_PYSPARK = (
    "spec",
    "bundle",
    "ops",
    "errors",
    "fault_points",
    "cli",
    "error_translation",
    "plugins",
    "progress",
    "notebook_html",
    "formatting",
)
PYSPARK_INSIDE_FUNCTIONS = ("features/", "models/", "sources/kinds/", "checks/__init__.py", "checks/rules/")
LARGEST_SHARE = 0.12  # of the package's lines in one room
VAGUE = {"core", "base", "util", "utils", "helpers", "common", "misc", "manager", "service", "orchestrator"}
JVM = {"_jvm", "_jsc", "_jdf", "_java_obj", "sparkContext", "rdd"}
PLUGIN_FOLDERS = ("models", "features/encoders", "features/scalers")
# Words that name a kind and something else, with the files where they mean the latter.
OTHER_MEANINGS = {
    "linear": ["spec/constants.py"],  # the default of `model.kind`
    "label": [  # the column that Spark's estimators learn; a choice of `clean.missing.categorical`
        "models/__init__.py",
        "models/xgboost.py",
        "plan/inputs.py",
        "report/",
        "spec/cleaning.py",
        "training/",
        "tuning/",
    ],
    "target": [  # a key of the spec
        "api/",
        "jobs/",
        "plan/make.py",
        "plan/plan.py",
        "registry/",
        "report/plots.py",
        "spec/",
        "streaming/checkpoint.py",
        "training/columns.py",
    ],
}
MATERIALISING = {"cache", "persist", "toPandas"}


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports_of(tree: ast.AST) -> set[str]:
    """Every module a tree imports, `from a import b` as both `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def files_in(room: str) -> list[Path]:
    return [file for file in FILES if room_of(file) == room]


def public_names(file: Path) -> set[str]:
    """The public functions and classes of a module."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {node.name for node in tree_of(file).body if isinstance(node, kinds) and node.name[0] != "_"}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def modules_imported(tree: ast.AST, modules: set[str]) -> set[str]:
    """The modules of ours that a tree imports; `from a import b` is `a.b` where that is a module, else `a`."""
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {one if one in modules else node.module for one in whole}
    return found & modules


def rooms_imported(tree: ast.AST) -> set[str]:
    return {name.split(".")[1] for name in imports_of(tree) if name.startswith("spark_jobs.")} & set(RANK)


def functions_of(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def lines_of_code(file: Path) -> int:
    """The lines of a module that hold code: no blank lines, comments, docstrings and imports."""
    text = file.read_text(encoding="utf-8")
    layout = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(StringIO(text).readline)
    held = {line for token in tokens if token.type not in layout for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(text)):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_docstring or isinstance(node, ast.Import | ast.ImportFrom):
            held -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(held)


def at_top(tree: ast.Module) -> ast.Module:
    """What runs on import: no bodies of functions and methods, nothing under TYPE_CHECKING."""

    def runs(node: ast.stmt) -> bool:
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        return not is_for_types and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)

    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    others = [node for node in tree.body if runs(node) and not isinstance(node, ast.ClassDef)]
    inside = [node for one in classes for node in one.body if runs(node)]
    return ast.Module(body=[*others, *inside], type_ignores=[])


def texts_of(tree: ast.AST) -> list[ast.Constant]:
    """The string literals of a tree, without the names of formats that Spark's readers and writers get."""
    formats = {
        argument
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
        for argument in node.args
    }
    return [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in formats]


def breaches(*found: str) -> None:
    assert not found, "\n".join(found)


def test_every_room_has_its_place():
    breaches(*sorted({room_of(file) for file in FILES} - set(RANK) - {"__init__"}))


def test_a_room_imports_rooms_further_down_only():
    breaches(
        *(
            f"{file.relative_to(ROOT)} imports {imported}"
            for file in FILES
            if (room := room_of(file)) in RANK
            for imported in rooms_imported(tree_of(file)) - {room}
            if RANK[imported] <= RANK[room] and imported not in ("errors", "fault_points", "progress")
        )
    )


def test_only_jobs_the_api_and_the_command_line_open_sessions():
    breaches(
        *(
            f"{file.relative_to(ROOT)} imports the session"
            for file in FILES
            if room_of(file) not in ("jobs", "api", "cli", "runtime")
            and "spark_jobs.runtime.session" in imports_of(tree_of(file))
        )
    )


def test_no_modules_import_each_other_in_a_circle():
    modules = {name_of(file): file for file in FILES if name_of(file) != "spark_jobs"}
    circular = {name: modules_imported(tree_of(file), set(modules)) - {name} for name, file in modules.items()}
    while leaves := [name for name, imported in circular.items() if not imported & set(circular)]:
        for name in leaves:
            del circular[name]
    breaches(*(f"{name} imports {sorted(imported & set(circular))}" for name, imported in circular.items()))


def test_no_public_name_stands_in_two_packages():
    """The verbs of the API are those of `jobs` and of what they call; `load` reads a spec, and a bundle at the edge."""
    excepted = {"main", "load", *(name for file in files_in("api") for name in public_names(file))}
    homes: dict[str, set[str]] = {}
    for file in FILES:
        if file.parent.name != "kinds":
            for name in public_names(file) - excepted:
                homes.setdefault(name, set()).add(room_of(file))
    breaches(*(f"{name} is in {', '.join(sorted(rooms))}" for name, rooms in sorted(homes.items()) if len(rooms) > 1))


def test_the_service_knows_bundles_alone():
    files = [file for file in FILES if room_of(file) == "serving"]
    breaches(*(f"{file}" for file in files if rooms_imported(tree_of(file)) - {"serving", "bundle", "errors"}))


def test_imports_are_absolute():
    breaches(
        *(
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for file in FILES
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.ImportFrom) and node.level
        )
    )


def test_pyspark_and_mlflow_stay_where_they_belong():
    def top_level(tree: ast.AST) -> set[str]:
        return {name.partition(".")[0] for name in imports_of(tree)}

    found = []
    for file in FILES:
        room, tree = room_of(file), tree_of(file)
        if room in WITHOUT_PYSPARK and {"pyspark", "mlflow"} & top_level(tree):
            found.append(f"{file.relative_to(ROOT)} knows pyspark or mlflow")
        place = file.relative_to(PACKAGE).as_posix()
        if place.startswith(PYSPARK_INSIDE_FUNCTIONS) and "pyspark" in top_level(at_top(tree)):
            found.append(f"{file.relative_to(ROOT)} imports pyspark when it is imported")
    breaches(*found)


def test_no_file_but_its_declaration_names_a_kind_of_source():
    """`json` and `table` mean other things too: a way to dump a model, and a key of a source or an HTML tag."""
    kinds = {file.stem for file in (PACKAGE / "sources" / "kinds").glob("[a-z]*.py")} - {"json", "table"}
    assert {"csv", "jdbc", "kafka"} <= kinds
    excepted = {("registry/mlmodel.py", "dataframe")}  # MLflow's name for the type of an input example
    breaches(
        *(
            f"{file.relative_to(ROOT)}:{text.lineno} '{text.value}'"
            for file in FILES
            if file.parent != PACKAGE / "sources" / "kinds"
            for text in texts_of(tree_of(file))
            if text.value in kinds and (file.relative_to(PACKAGE).as_posix(), text.value) not in excepted
        )
    )


def test_nobody_but_the_session_reaches_into_the_jvm():
    breaches(
        *(
            f"{file.relative_to(ROOT)}:{node.lineno} .{node.attr}"
            for file in FILES
            if file.name not in ("session.py", "job_groups.py")
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.Attribute) and node.attr in JVM
        )
    )


def test_nothing_is_brought_to_the_driver_as_pandas_and_one_place_alone_knows_when_rows_can_be_kept():
    called = (
        (file, node.func)
        for file in FILES
        if file.relative_to(PACKAGE) != Path("training/caching.py")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )
    breaches(*(f"{file.relative_to(ROOT)}:{f.lineno} .{f.attr}()" for file, f in called if f.attr in MATERIALISING))


def test_no_file_names_a_plugin_but_its_own():
    """A registered algorithm or step could not take the place of one that other code knows by name."""
    homes = {
        file.stem: str(file.relative_to(PACKAGE))
        for folder in PLUGIN_FOLDERS
        for file in (PACKAGE / folder).glob("[!_]*.py")
    }
    breaches(
        *(
            f"{place}:{node.lineno} names '{node.value}'"
            for file in FILES
            for node in ast.walk(tree_of(file))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in homes
            if (place := str(file.relative_to(PACKAGE))) != homes[node.value]
            and not place.startswith(tuple(OTHER_MEANINGS.get(node.value, ())))
        )
    )


def test_no_file_imports_a_plugin():
    kinds = {name_of(file) for folder in PLUGIN_FOLDERS for file in (PACKAGE / folder).glob("[!_]*.py")}
    breaches(*(f"{name_of(file)} imports {kinds & imports_of(tree_of(file))}" for file in FILES
               if kinds & imports_of(tree_of(file))))  # fmt: skip


def test_a_module_stays_small():
    sizes = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    breaches(*(f"{file.relative_to(ROOT)} has {lines} lines" for file, lines in sizes.items() if lines > 300))


def test_no_room_holds_more_than_its_share_of_the_package():
    lines: dict[str, int] = {}
    for file in FILES:
        lines[room_of(file)] = lines.get(room_of(file), 0) + len(file.read_text(encoding="utf-8").splitlines())
    shares = {room: count / sum(lines.values()) for room, count in lines.items()}
    breaches(*(f"{room} holds {share:.1%} of all lines" for room, share in shares.items() if share > LARGEST_SHARE))


def test_the_file_of_a_verb_is_a_short_list_of_steps():
    """At most 45 lines of code, without imports and docstrings."""
    sizes = {verb: lines_of_code(PACKAGE / "jobs" / f"{verb}.py") for verb in VERBS}
    breaches(*(f"jobs/{verb}.py has {lines} lines of code" for verb, lines in sizes.items() if lines > 45))


def test_nine_functions_of_ten_fit_in_a_glance():
    lengths = sorted(lines_of(function) for file in FILES for function in functions_of(tree_of(file)))
    assert lengths[int(0.9 * len(lengths))] <= 13


def test_a_module_is_called_after_what_it_does():
    breaches(*(str(file.relative_to(ROOT)) for file in FILES if {file.stem, file.parent.name} & VAGUE))


def test_every_function_says_what_it_returns():
    breaches(
        *(
            f"{file.relative_to(ROOT)}:{function.lineno} {function.name}"
            for file in FILES
            for function in functions_of(tree_of(file))
            if function.returns is None and function.name != "__init__"
        )
    )


def test_no_file_but_its_own_names_a_rule_of_the_checks():
    """By its class or module, or as the text of `rule`; what a rule suggests is prose."""
    rules = {file.stem for file in (PACKAGE / "checks" / "rules").glob("[!_]*.py")}
    classes = {name: file for file in (PACKAGE / "checks" / "rules").glob("*.py") for name in public_names(file)}
    others = [(file, ast.walk(tree_of(file))) for file in FILES if file.parent.name != "rules"]
    breaches(
        *(
            f"{file.relative_to(ROOT)}:{node.lineno}"
            for file, nodes in others
            for node in nodes
            if (isinstance(node, ast.Name) and node.id in classes)
            or (isinstance(node, ast.alias) and node.name in classes)
            or (isinstance(node, ast.Constant) and room_of(file) in ("spec", "checks") and node.value in rules)
        )
    )


@pytest.mark.parametrize(
    "code",
    [
        "import spark_jobs",
        "import spark_jobs; spark_jobs.Spec, spark_jobs.load, spark_jobs.Result",
        "from spark_jobs.cli.main import main; assert main(['--help']) == 0",
        "from spark_jobs.cli.main import main; assert main(['check', 'conf/flights.yml']) == 0",
        "from spark_jobs.cli.main import main; assert main(['schema']) == 0",
        "import spark_jobs.bundle",
    ],
)
def test_what_needs_no_spark_does_not_load_it(code):
    heavy = {"pyspark", "py4j", "mlflow", "pandas", "matplotlib", "spox", "onnx", "onnxruntime"}
    if "check" not in code and "schema" not in code:  # these two join every algorithm, whose graphs speak numpy
        heavy.add("numpy")
    check = f"import sys; {code}; sys.exit(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) in ((0, ""), (1, "[]\n")), done.stderr
