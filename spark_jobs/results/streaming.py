"""The result of `stream`."""

from __future__ import annotations

from spark_jobs import progress
from spark_jobs.registry.versions import ModelVersion
from spark_jobs.results.result import Result
from spark_jobs.results.scoring import renaming_lines
from spark_jobs.scoring.score_batch import prediction_table
from spark_jobs.spec import Environment, Spec
from spark_jobs.streaming.micro_batch import Scorer
from spark_jobs.streaming.stream_progress import SUMMED, StreamProgress
from spark_jobs.tables.delta import table_path
from spark_jobs.tables.predictions import column_names


def stream_result(spec: Spec, env: Environment, scorer: Scorer) -> Result:
    """Return the result of `stream`: the totals of its micro-batches, and the version that scored the last one."""
    account, model = scorer.account, next(iter(scorer.models.values())).version
    rows = {name: account.totals[name] for name in SUMMED}
    names = column_names(scorer.spark, env.root, prediction_table(spec))
    tables = [prediction_table(spec), *([f"{spec.name}_quarantine"] if rows["quarantined"] else []), "ledger"]
    return Result(
        job="stream",
        run_id=model.run_id,
        model={"name": model.name, "version": model.version, "alias": "champion"},
        rows=rows,
        cells=dict(account.cells),
        tables={name: table_path(env.root, name) for name in tables},
        bundle=str(model.bundle),
        seconds=progress.seconds(),
        extra=account.found.extra()
        | ({"other_keys": account.others} if account.others else {})
        | ({"column_names": names} if names else {}),
        summary=(
            *_counts(spec.name, model, account),
            *renaming_lines(names),
            f"  table     {table_path(env.root, prediction_table(spec))}",
        ),
    )


def _counts(name: str, model: ModelVersion, account: StreamProgress) -> tuple[str, ...]:
    others = f"{account.others:,} messages have keys that are not columns, such as '{account.other}'; they are ignored"
    return (
        f"{name}: {account.totals['scored']:,} rows scored from the stream, last by version {model.version}.",
        f"  quarantine  {account.totals['quarantined']:,} rows",
        *account.found.lines(),
        *([f"  keys      {others}"] if account.others else []),
    )
