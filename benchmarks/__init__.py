"""Ours and the ordinary ways, side by side, in turns, on the same data."""
