"""`python -m benchmarks [WHAT ...] [--rounds N]`, by default flights and preprocessing."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

WITH_ROUNDS = ("flights", "preprocessing", "scale", "scoring", "contract", "proof")
ONCE = ("streaming", "parity", "quality", "defaults", "published", "tuning")


def main() -> None:
    """Run what is asked for and print its tables."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*WITH_ROUNDS, *ONCE, "datasets"], default=list(WITH_ROUNDS[:2]))
    parser.add_argument("--rounds", type=int, default=3, help="how often each job runs")
    asked = parser.parse_args()
    for name in asked.what:
        benchmark = import_module(f"benchmarks.{name}")
        if name == "datasets":
            benchmark.run([Path("conf/flights.yml"), *sorted(Path("benchmarks/conf").glob("*.yml"))])
        elif name in ONCE:
            benchmark.run()
        else:
            benchmark.run(asked.rounds)


if __name__ == "__main__":
    main()
