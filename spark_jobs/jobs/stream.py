"""stream: score arriving rows in micro-batches, each row exactly once."""

from __future__ import annotations

from pyspark.sql import SparkSession

from spark_jobs import progress
from spark_jobs.registry.tracking import Tracking, preload
from spark_jobs.results.result import Result
from spark_jobs.results.streaming import stream_result
from spark_jobs.sources.table_reader import kind_of_source
from spark_jobs.spec import Environment, Spec
from spark_jobs.streaming.checkpoint import checked_settings, checkpoint_of
from spark_jobs.streaming.micro_batch import Scorer
from spark_jobs.streaming.query import start_query, watch_query
from spark_jobs.streaming.recovery import recovered_offsets
from spark_jobs.streaming.stream_ledger import StreamLedger
from spark_jobs.streaming.stream_lock import exclusive_stream
from spark_jobs.streaming.stream_progress import StreamProgress
from spark_jobs.streaming.stream_sources import translate_errors


def run(spec: Spec, spark: SparkSession, env: Environment) -> Result:
    """Score arriving rows until stopped, or until all available rows are scored (`available_now`, `once`)."""
    preload(Tracking(spec.track.uri, env.root))
    checkpoint = checkpoint_of(spec.stream.checkpoint, env.root, spec.name)
    source = spec.stream.source or spec.source
    with exclusive_stream(env.root, spec.name):
        checkpoint.check_compatible(*checked_settings(spec, source))
        ledger = StreamLedger(spec, spark, env, checkpoint, is_complete=checkpoint.last_planned is None)
        account = StreamProgress(ledger.tell)
        scorer = Scorer(spec, spark, env, checkpoint, source, kind_of_source(source, spark), account)
        with progress.phase("finding the model"):
            scorer.model(scorer.champion().version)
        scorer.committed = recovered_offsets(spec, spark, env, source, checkpoint)
        with progress.phase("streaming"), translate_errors(source):
            watch_query(start_query(scorer), scorer)
        account.flush()
        ledger.complete()
    return stream_result(spec, env, scorer)
