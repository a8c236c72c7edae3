"""One rule for the names of models, tables and folders, and names by that rule made from files."""

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
    """Tell whether a name can name a Delta table's folder, an MLflow model and a row of the ledger alike.

    >>> is_safe("sales_2024"), is_safe("Verkäufe"), is_safe("a/b")
    (True, False, False)
    """
    return _SAFE.fullmatch(name) is not None


def check_safe(name: str) -> str:
    """Return the name.

    Raises:
        PydanticCustomError: it is not safe.
    """
    if not is_safe(name):
        raise mistake(
            f"must be 1 to {LONGEST} of A-Z, a-z, 0-9, `_` and `-`, not beginning with `-` (it names a folder, a table "
            f"and a model), such as '{_made(name) or 'data'}'."
        )
    return name


def check_experiment(name: str) -> str:
    """Return the name without blanks around it; MLflow and its databases take any text of 1 to 256 characters.

    Raises:
        PydanticCustomError: it is empty, too long, or holds control characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 256 or not name.isprintable():
        raise mistake("must be 1 to 256 printable characters: it names an experiment of MLflow.")
    return name


def safe_name(location: str) -> str:
    """Make a safe name of the last part of a path, without its endings.

    Letters lose their accents. A name that loses letters, or its end, gets six characters that are its own, so that two
    files do not become one name.

    >>> safe_name("../data/Verkäufe [2024].csv.gz")
    'Verkaufe_2024'
    """
    return _made(named_part(location)) or "data"


def named_part(location: str) -> str:
    """The last part of a path that holds a letter or a digit, without its endings.

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
