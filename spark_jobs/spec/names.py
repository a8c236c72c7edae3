"""The rule for names of models, tables and folders, and names derived from file paths."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from spark_jobs.spec.endings import stem
from spark_jobs.spec.fields import mistake, written_text

LONGEST: Final = 100
_SAFE: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{LONGEST - 1}}}")
_LETTERS: Final = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l"})


def is_safe(name: str) -> bool:
    """Return whether a name is valid for a Delta table's folder, an MLflow model and a ledger entry.

    >>> is_safe("sales_2024"), is_safe("Verkäufe"), is_safe("a/b")
    (True, False, False)
    """
    return _SAFE.fullmatch(name) is not None


def check_safe(name: str) -> str:
    """Return the name unchanged if it is safe.

    Raises:
        PydanticCustomError: The name is not safe; the message suggests a safe one.
    """
    if not is_safe(name):
        raise mistake(
            f"must be 1 to {LONGEST} of A-Z, a-z, 0-9, `_` and `-`, and not begin with `-`, since it names a folder, a "
            f"table and a model; such as '{_made(name) or 'data'}'."
        )
    return name


def check_experiment(name: str) -> str:
    """Return an experiment's name without surrounding blanks; MLflow accepts 1 to 256 characters.

    Raises:
        PydanticCustomError: The name is empty, too long, or contains control characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 256 or not name.isprintable():
        raise mistake("must be 1 to 256 printable characters, since it names an MLflow experiment.")
    return name


def safe_name(location: str) -> str:
    """Derive a safe name from the last part of a path, without its extensions.

    Accents are removed. A name that loses letters or is cut gets a suffix of six hash characters, so that two files
    do not share a name.

    >>> safe_name("../data/Verkäufe [2024].csv.gz")
    'Verkaufe_2024'
    """
    return _made(named_part(location)) or "data"


def named_part(location: str) -> str:
    """Return the last part of a path that contains a letter or digit, without its extensions.

    >>> named_part("../sales/*.csv")
    'sales'
    """
    parts = (stem(part) for part in reversed(location.split("/")))
    return next((part for part in parts if any(map(str.isalnum, part))), "")


def _made(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_-")
    if len(name) <= LONGEST and not any(letter.isalnum() and not letter.isascii() for letter in plain):
        return name
    own = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{name[: LONGEST - 7] or 'data'}_{own}"


SafeName = Annotated[str, BeforeValidator(written_text), AfterValidator(check_safe)]
ExperimentName = Annotated[str, BeforeValidator(written_text), AfterValidator(check_experiment)]
