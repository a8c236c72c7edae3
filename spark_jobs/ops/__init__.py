"""Typed operators for ONNX graphs in double precision, from which feature steps and models build theirs.

Values are tensors of N rows: numbers `[N]`, matrices `[N, D]`, text `[N]`, indices `[N]` (int64). All graphs are built
through this package, so that another graph library would be a change only here.
"""
