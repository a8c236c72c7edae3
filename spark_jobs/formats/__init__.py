"""Parsing of file formats and messages: bytes and text become cells, whatever the source that they come from."""
