"""Ours and the baselines, side by side, interleaved, on the same data."""
