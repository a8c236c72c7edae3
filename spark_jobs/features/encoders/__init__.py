"""Ways to encode categories; a file's name is the word in the spec."""
