"""The bundle: one folder with all files of a deployed model."""

from spark_jobs.bundle.folder import add_file, checksums, load_manifest, publish, verify_bundle, write
from spark_jobs.bundle.manifest import GRAPH, KEPT_CLOCK, NAME, REPORT, Input, Manifest

__all__ = [
    "GRAPH",
    "KEPT_CLOCK",
    "NAME",
    "REPORT",
    "Input",
    "Manifest",
    "add_file",
    "checksums",
    "load_manifest",
    "publish",
    "verify_bundle",
    "write",
]
