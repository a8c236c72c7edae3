"""A folder that is all of a deployed model."""

from spark_jobs.bundle.folder import checksums, load_manifest, publish, verify, write
from spark_jobs.bundle.manifest import CLOCK, GRAPH, NAME, Input, Manifest

__all__ = ["CLOCK", "GRAPH", "NAME", "Input", "Manifest", "checksums", "load_manifest", "publish", "verify", "write"]
