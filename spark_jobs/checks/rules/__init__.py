"""One file per rule; a file's name is the `rule` of a check."""
