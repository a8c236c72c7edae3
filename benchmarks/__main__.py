"""`python -m benchmarks [WHAT ...] [--rounds N]`, by default flights and preprocessing.

WHAT is flights, preprocessing, scoring, contract, streaming, proof, parity, datasets or quality.
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    """Run what is asked for and print its tables."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    known = ["flights", "preprocessing", "scoring", "contract", "streaming", "proof", "parity", "datasets", "quality"]
    parser.add_argument("what", nargs="*", choices=known, default=known[:2])
    parser.add_argument("--rounds", type=int, default=3, help="how often each job runs")
    asked = parser.parse_args()
    if "flights" in asked.what:
        from benchmarks import flights

        flights.run(asked.rounds)
    if "preprocessing" in asked.what:
        from benchmarks import preprocessing

        preprocessing.run(asked.rounds)
    if "scoring" in asked.what:
        from benchmarks import scoring

        scoring.run(asked.rounds)
    if "contract" in asked.what:
        from benchmarks import contract

        contract.run(asked.rounds)
    if "streaming" in asked.what:
        from benchmarks import streaming

        streaming.run()
    if "proof" in asked.what:
        from benchmarks import proof

        proof.run(asked.rounds)
    if "parity" in asked.what:
        from benchmarks import parity

        parity.run()
    if "datasets" in asked.what:
        from benchmarks import datasets

        datasets.run([Path("conf/flights.yml"), *sorted(Path("benchmarks/conf").glob("*.yml"))])
    if "quality" in asked.what:
        from benchmarks import quality

        quality.run()


if __name__ == "__main__":
    main()
