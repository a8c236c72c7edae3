"""Target encoding: the mean of the target among a level's rows, shrunk as in `features.level_means`.

Training rows of rare levels use the means of the other folds, which avoids target leakage.
"""

from __future__ import annotations

from spark_jobs.features import Encoder
from spark_jobs.features.target_lookup import folded_stages, lookup_graph, lookup_outputs, lookup_stages

STEP = Encoder(
    "target mean", lookup_stages, lookup_outputs, folded=folded_stages, saved=("SQLTransformer",), graph=lookup_graph
)
