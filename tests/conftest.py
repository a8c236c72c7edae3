"""What every test can ask for: one Spark session a run, and the real data sets where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from brokers import Broker
    from databases import Database
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need Spark by what they ask for, and runs the quick ones first, of these the timed ones."""
    for item in items:
        if _needs_spark(item):
            item.add_marker("spark")
    items.sort(key=lambda item: (_needs_spark(item), not _is_timed(item)))


def _needs_spark(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return bool({"spark", "session", "pipelines"} & set(names))


def _is_timed(item: pytest.Item) -> bool:
    """Whether a test may look at the clock, and wants the machine for itself."""
    here = Path(__file__).parent
    return item.path.parent in (here, here / "cli", here / "runtime")


@pytest.fixture(scope="session")
def pipelines_later(request: pytest.FixtureRequest) -> bool:
    """Whether a test of this run asks for pipelines."""
    return any("pipelines" in getattr(item, "fixturenames", ()) for item in request.session.items)


@pytest.fixture(autouse=True)
def ahead(request: pytest.FixtureRequest, pipelines_later: bool) -> None:
    """The pipelines that later tests ask for are made beside the quick tests, which leave a core to them."""
    if pipelines_later and not _is_timed(request.node):
        request.getfixturevalue("pipelines")


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The one session of this run; with SPARK_REMOTE=local it is a Spark Connect one."""
    from spark_jobs.runtime import session as sessions
    from spark_jobs.spec import Environment

    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        # Thousands of small queries in one process suit Java's quick compiler (C1), whose usual 48 MB for code fill up.
        patch.setenv("SPARK_JOBS_TUNING", "off")
        patch.setenv("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m")
        opened = sessions.open(Environment(root=str(root), master="local[2]", memory="3g"), _connectors())
    yield opened
    sessions.close(opened)


def _connectors() -> tuple[str, ...]:
    """Those whose jars are here or can be fetched; tests that need another one fail."""
    from spark_jobs.errors import JobError
    from spark_jobs.runtime import jars

    try:
        jars.fetch("kafka"), jars.fetch("postgresql")
    except JobError:
        return ()
    return "kafka", "postgresql"


@pytest.fixture
def spark(session: SparkSession) -> Iterator[SparkSession]:
    """The run's session, as new: what a test leaves in the catalog or the settings is gone after it."""
    yield session
    for table in session.catalog.listTables():
        if table.isTemporary:
            session.catalog.dropTempView(table.name)
    session.catalog.clearCache()
    session.conf.set("spark.sql.session.timeZone", "UTC")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets that lies beside the repository, or a skip."""
    if not DATA.is_dir():
        pytest.skip(f"the shared data sets are not there: {DATA}")
    return DATA


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The one Kafka broker of this run; a test that kills it starts it again."""
    import brokers

    try:
        made = brokers.Broker(tmp_path_factory.mktemp("broker"))
    except brokers.Unavailable as missing:
        if "CI" in os.environ:
            raise
        pytest.skip(str(missing))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """The one PostgreSQL of this run; a test that kills it starts it again."""
    import databases

    try:
        made = databases.Database()
    except databases.Unavailable as missing:
        if "CI" in os.environ:
            raise
        pytest.skip(str(missing))
    yield made
    made.remove()


@pytest.fixture(scope="session")
def pipelines(request: pytest.FixtureRequest, session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The small pipelines of `pipelines.CASES` by name, each made once; those that tests are named after beforehand."""
    from pipelines import Pipelines

    made = Pipelines(session, tmp_path_factory.mktemp("pipelines"))
    asking = [item for item in request.session.items if "pipelines" in getattr(item, "fixturenames", ())]
    specs = [getattr(item, "callspec", None) for item in asking]
    made.announce(spec.params["pipeline"] for spec in specs if spec is not None and "pipeline" in spec.params)
    yield made
    made.close()
