"""Ways to scale numbers; a file's name is the word in the spec."""
