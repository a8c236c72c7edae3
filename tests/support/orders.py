"""A table of orders for searches: two classes that depend on a number and a column of many categories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 900


def orders() -> pd.DataFrame:
    """Return the orders: late ones are about a quarter."""
    chance = np.random.default_rng(21)
    shop = chance.integers(0, 15, ROWS)
    amount = chance.gamma(2.0, 40.0, ROWS).round(2)
    weight = chance.normal(10, 3, ROWS).round(3)
    odds = 1.2 * np.sin(amount / 25) + 0.25 * (shop % 4) - 0.1 * weight + chance.normal(0, 0.5, ROWS)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.permutation(ROWS), "h") * 10
    frame = pd.DataFrame(
        {
            "order": [f"o{number}" for number in range(ROWS)],
            "shop": [f"shop {number}" for number in shop],
            "customer": [f"c{number}" for number in chance.integers(0, 90, ROWS)],
            "amount": np.where(chance.random(ROWS) < 0.1, np.nan, amount),
            "weight": weight,
            "day": day.strftime("%Y-%m-%d %H:%M:%S"),
            "late": np.where(odds > np.quantile(odds, 0.74), "late", "on time"),
        }
    )
    return frame.sample(frac=1.0, random_state=3).reset_index(drop=True)


def orders_file(folder: Path) -> Path:
    """Write the orders as CSV, and return the file."""
    path = folder / "orders.csv"
    orders().to_csv(path, index=False)
    return path
