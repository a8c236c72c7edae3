"""Encoders of categories; a module's name is its name in the spec."""
