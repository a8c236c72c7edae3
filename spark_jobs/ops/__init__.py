"""The graph's vocabulary: what a step or a model may say, typed, over ONNX in double precision.

Values are columns of N rows: numbers `[N]`, matrices `[N, D]`, text `[N]`, positions `[N]` (int64). Everything is said
through this room, so that another way to build graphs would be one change here.
"""
