"""Label encoding: the level index as a number, which trees use as a category."""

from __future__ import annotations

from spark_jobs.features import Encoder
from spark_jobs.features.index import index_graph, index_outputs, no_stages

STEP = Encoder("label", no_stages, index_outputs, makes="indices", graph=index_graph)
