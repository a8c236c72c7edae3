"""Scalers of numbers; a module's name is its name in the spec."""
