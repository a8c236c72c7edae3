"""Recording of job runs: each run adds one row to the ledger, whether it succeeds or fails."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.error_translation import translate_error
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.sources.read_errors import explain_late_error
from spark_jobs.sources.snapshot import delete_snapshots
from spark_jobs.spec import Environment, Spec, spec_hash
from spark_jobs.tables.ledger import Entry, record_entry


@dataclass
class Ledger:
    """The ledger entry of a running job, and the location of the ledger table once it is written."""

    entry: Entry
    place: str = ""

    def tell(
        self,
        version: ModelVersion,
        rows: Mapping[str, int],
        batch: str | None = None,
        reads: Mapping[str, Any] | None = None,
    ) -> None:
        """Set the model version, the row counts by outcome, and the offsets read from an incremental source."""
        self.entry = replace(
            self.entry,
            run_id=version.run_id,
            model_version=version.version,
            batch_id=batch,
            read=rows.get("read", 0),
            written=rows.get("scored", 0),
            quarantined=rows.get("quarantined", 0),
            duplicates=rows.get("duplicates", 0),
            reads=json.dumps(reads) if reads else None,
        )


@contextmanager
def record_run(job: str, spec: Spec, spark: SparkSession, env: Environment) -> Iterator[Ledger]:
    """Write the job's ledger row when the block ends; `Ledger.place` is set after it."""
    began = datetime.now(UTC)
    ledger = Ledger(Entry(job, spec.name, began, began, "done", spec_hash=spec_hash(spec)))
    try:
        yield ledger
    except Exception as error:
        refused = explain_late_error(error, env.root)
        told = refused or translate_error(error)
        failed = replace(ledger.entry, ended=datetime.now(UTC), status=told.status, error=told.message)
        with suppress(Exception):  # if Spark is gone, report the original error
            record_entry(spark, env.root, failed)
        if refused is not None:
            raise refused from error
        raise
    finally:
        delete_snapshots()
    with progress.phase("ledger"):
        ledger.place = record_entry(spark, env.root, replace(ledger.entry, ended=datetime.now(UTC)))
