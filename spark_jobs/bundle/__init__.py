"""The bundle: one folder with all files of a deployed model."""

from spark_jobs.bundle.folder import checksums, load_manifest, publish, verify_bundle, write
from spark_jobs.bundle.manifest import GRAPH, KEPT_CLOCK, NAME, Input, Manifest

__all__ = [
    "GRAPH",
    "KEPT_CLOCK",
    "NAME",
    "Input",
    "Manifest",
    "checksums",
    "load_manifest",
    "publish",
    "verify_bundle",
    "write",
]
