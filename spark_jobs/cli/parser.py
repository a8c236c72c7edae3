"""The verbs and options of the command line, and the errors for unknown ones."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from spark_jobs.errors import SpecError, did_you_mean

Adds = Callable[[argparse.ArgumentParser], object]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its help text, an example, its own options, and its validation of them."""

    does: str
    example: str
    adds: tuple[Adds, ...] = ()
    later: tuple[str, ...] = ()
    refuses: Callable[[argparse.Namespace], None] = lambda arguments: None


def _conf(parser: argparse.ArgumentParser) -> object:
    return parser.add_argument("conf", metavar="CONF", help="the spec, such as conf/flights.yml")


def _conf_or_none(parser: argparse.ArgumentParser) -> object:
    return parser.add_argument("conf", metavar="CONF", nargs="?", help="a spec whose requirements are checked as well")


def _set(parser: argparse.ArgumentParser) -> object:
    return parser.add_argument(
        "--set", metavar="path.to.key=value", action="append", default=[], help="override a key of the spec; repeatable"
    )


def _version(parser: argparse.ArgumentParser) -> object:
    return parser.add_argument("--version", metavar="N", type=_number, help="the model version; default: the champion")


def _keep(parser: argparse.ArgumentParser) -> object:
    return parser.add_argument(
        "--keep",
        metavar="DAYS",
        type=_days,
        help="retention: keep files that table versions of the last DAYS use; default: the table's setting, or 7",
    )


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise argparse.ArgumentTypeError(f"must be a number of days, 0 or more. Got '{text[:40]}' instead.")
    return int(text)


def _few_days(arguments: argparse.Namespace) -> None:
    from spark_jobs.spec.retention import check_keep

    check_keep(arguments.keep, arguments.break_readers)


def _flag(name: str, tells: str) -> Adds:
    return lambda parser: parser.add_argument(name, action="store_true", help=tells)


def _option(name: str, metavar: str, tells: str, required: bool = False) -> Adds:
    return lambda parser: parser.add_argument(name, metavar=metavar, required=required, help=tells)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text[:9]) > 0 or len(text) > 9:
        raise argparse.ArgumentTypeError(f"must be a version's number, 1 or more. Got '{text[:40]}' instead.")
    return int(text)


VERBS = {
    "init": Verb(
        "inspect the data and write a short commented spec",
        "spark-jobs init data/flights.csv --target arr_delay",
        (
            lambda parser: parser.add_argument("data", metavar="DATA", help="a file, a folder or a glob"),
            _option("--target", "T", "the column to predict", required=True),
            _option("--out", "PATH", "where to write the spec; default: conf/<name>.yml"),
            _flag("--force", "overwrite an existing spec"),
        ),
    ),
    "check": Verb(
        "validate the spec, without Spark and without data",
        "spark-jobs check conf/flights.yml --set model.kind=forest",
        (_conf, _set),
    ),
    "plan": Verb(
        "print every decision that training would take, with its reason",
        "spark-jobs plan conf/flights.yml",
        (_conf, _set),
        later=("--size",),
    ),
    "profile": Verb(
        "profile the source: a table in the terminal and an HTML page",
        "spark-jobs profile conf/flights.yml",
        (_conf, _set),
    ),
    "train": Verb(
        "train, evaluate, log and register a challenger",
        "spark-jobs train conf/flights.yml --set split.seed=7",
        (_conf, _set),
    ),
    "promote": Verb(
        "make the challenger the champion if it passes the gate",
        "spark-jobs promote conf/flights.yml",
        (_conf, _set, _flag("--force", "promote even if the gate rejects it; the ledger records it")),
    ),
    "score": Verb(
        "score a table with the champion",
        "spark-jobs score conf/flights.yml --input data/new.csv",
        (
            _conf,
            _set,
            _option("--input", "PATH", "the rows to score; default: the spec's source"),
            _version,
            _flag("--rescore", "score rows again that this version has already scored"),
            _option("--replay", "BATCH", "score the quarantined rows of BATCH that now pass the checks"),
        ),
        later=("--reasons",),
    ),
    "run": Verb(
        "train, evaluate, promote through the gate, and score",
        "spark-jobs run conf/flights.yml",
        (_conf, _set),
    ),
    "stream": Verb(
        "score arriving rows, each exactly once, until stopped",
        "spark-jobs stream conf/flights.yml --set stream.trigger=available_now",
        (_conf, _set),
    ),
    "maintain": Verb(
        "compact small files of the tables and delete files that no recent version uses",
        "spark-jobs maintain conf/flights.yml --dry-run",
        (
            _conf,
            _set,
            _flag("--dry-run", "report what would be deleted without changing anything"),
            _keep,
            _flag(
                "--break-readers",
                "allow less than 7 days: a slow reader or stream may lose files that it still needs",
            ),
        ),
        refuses=_few_days,
    ),
    "export": Verb(
        "write the model's ONNX graph with a reader and an example",
        "spark-jobs export conf/flights.yml --to edge/",
        (
            lambda parser: parser.add_argument("conf", metavar="CONF|BUNDLE", help="a spec, or a bundle's folder"),
            _set,
            _option("--to", "DIR", "the folder to write", required=True),
            _version,
            _flag("--compat", "use older opsets, for runtimes without ai.onnx.ml 5"),
        ),
    ),
    "doctor": Verb(
        "check Java, Spark, Delta, Python, MLflow and the disk",
        "spark-jobs doctor",
        (_conf_or_none, _set),
    ),
    "schema": Verb("print the JSON schema of the spec, for editors", "spark-jobs schema > spec.schema.json"),
}
_COMPLETION, _PATHS = "--print-completion", ("CONF", "CONF|BUNDLE", "DATA", "PATH", "DIR")
LATER_VERBS = frozenset(["rollback", "monitor", "explain", "serve", "report", "lineage", "forget"])


class _Completion(argparse.Action):
    """Print a shell's completion script and exit."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        """Complete verbs, options and, for arguments that are paths, files."""
        import shtab

        verbs = next(action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction))
        for action in (action for verb in verbs.values() for action in verb._actions):
            if action.metavar in _PATHS:
                action.complete = shtab.FILE
        print(shtab.complete(parser, shell=values))  # noqa: T201 - this is the command line
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Raises `SpecError` where argparse would print an error and exit."""

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ").replace("expected one argument", "a value is missing")
        required = message.removeprefix("the following arguments are required: ")
        if required != message:
            message = f"missing argument{'s' * (', ' in required)} {' and '.join(required.split(', '))}"
        raise SpecError(f"`{self.prog}`: {message.rstrip('.')}.", f"`{self.prog} --help` shows an example.")


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line.

    Returns:
        A namespace with `verb` and the verb's options.

    Raises:
        SpecError: A verb, option or value is unknown or not built yet.
        SystemExit: Help or the version was requested and has been printed.
    """
    _refuse_verb(next((word for word in argv if not word.startswith("-")), None), argv)
    parser, verbs = _parsers()
    arguments, rest = parser.parse_known_args(list(argv))
    if arguments.verb is None:
        raise SpecError("`spark-jobs` needs a verb.", f"Use one of {', '.join(VERBS)}; see `spark-jobs --help`.")
    if rest:
        raise _unknown(arguments.verb, rest[0], verbs[arguments.verb])
    VERBS[arguments.verb].refuses(arguments)
    return arguments


def job_of(argv: Sequence[str]) -> str | None:
    """Return the first verb of a command line, or None if it is not a known verb."""
    word = next((word for word in argv if not word.startswith("-")), None)
    return word if word in VERBS or word in LATER_VERBS else None


def _refuse_verb(word: str | None, argv: Sequence[str]) -> None:
    if word in LATER_VERBS:
        raise SpecError(f"`spark-jobs {word}` is not built yet.", f"Available: {', '.join(VERBS)}.")
    if word is not None and word not in VERBS and not {"--help", "-h", _COMPLETION} & set(argv[: argv.index(word)]):
        raise SpecError(f"`spark-jobs {word[:40]}` is not a verb.", did_you_mean(word, VERBS))


def _unknown(verb: str, word: str, parser: argparse.ArgumentParser) -> SpecError:
    name = word.partition("=")[0]
    if name in VERBS[verb].later:
        return SpecError(f"`spark-jobs {verb} {name}` is not built yet.", "Remove it.")
    if not name.startswith("-"):
        return SpecError(f"`spark-jobs {verb}`: unexpected argument '{word[:80]}'.", "Remove it.")
    known = [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
    return SpecError(f"`spark-jobs {verb}` has no option {name[:40]}.", did_you_mean(name, known))


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--json", action="store_true", help="print the result as one JSON object")
    shared.add_argument("--quiet", action="store_true", help="hide progress")
    shared.add_argument("--debug", action="store_true", help="show Spark's warnings and tracebacks")
    parser = _Parser(
        prog="spark-jobs",
        description="Train, evaluate, register and run Spark ML models from one YAML file.",
        epilog="Example: spark-jobs run conf/flights.yml. `spark-jobs VERB --help` describes a verb.",
        parents=[shared],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_own_version())
    parser.add_argument(
        _COMPLETION,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        metavar="SHELL",
        choices=("bash", "zsh", "tcsh"),
        action=_Completion,
        help="print the completion script of a shell: bash, zsh or tcsh",
    )
    subparsers = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", parser_class=_Parser)
    return parser, {name: _verb_parser(subparsers, name, shared) for name in VERBS}


def _own_version() -> str:
    from spark_jobs import __version__

    return f"spark-jobs {__version__}"


def _verb_parser(
    subparsers: argparse._SubParsersAction[_Parser], name: str, shared: _Parser
) -> argparse.ArgumentParser:
    verb = VERBS[name]
    parser = subparsers.add_parser(
        name,
        help=verb.does,
        description=f"{verb.does[0].upper()}{verb.does[1:]}.",
        epilog=f"Example: {verb.example}",
        parents=[shared],
        allow_abbrev=False,
    )
    for add in verb.adds:
        add(parser)
    if name != "schema":
        parser.add_argument("--env", metavar="NAME", help="the environment, a file in conf/env; default: local")
    return parser
