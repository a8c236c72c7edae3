"""What every test can ask for: one Spark session a process, and the real data sets where they are."""

from __future__ import annotations

import os
from collections import Counter
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
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
# OpenMP's threads (XGBoost, scikit-learn) would spin while they wait for a core that another process uses.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that need Spark by what they ask for, and sorts them.

    One process runs the quick tests first, of these the timed ones. Of several workers each begins with what takes
    long, so that all end at the same time.
    """
    for item in items:
        if _needs_spark(item):
            item.add_marker("spark")
    if IS_WORKER:
        from workers import unit_of

        size = Counter(unit_of(item.nodeid) for item in items if _needs_spark(item))
        items.sort(key=lambda item: (-size[unit_of(item.nodeid)], _is_timed(item)))
    else:
        items.sort(key=lambda item: (_needs_spark(item), not _is_timed(item)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Workers of pytest-xdist (`-n 2`) get the tests in units."""
    from workers import UnitScheduling

    return UnitScheduling(config, log)


def _needs_spark(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return bool({"spark", "session", "pipelines"} & set(names))


def _is_timed(item: pytest.Item) -> bool:
    """Whether a test may look at the clock, and wants the machine for itself."""
    here = Path(__file__).parent
    return item.path.parent in (here, here / "cli", here / "runtime")


@pytest.fixture(scope="session")
def pipelines_later(request: pytest.FixtureRequest) -> bool:
    """Whether a test of this process asks for pipelines; a worker does not know which tests it will get."""
    return not IS_WORKER and any("pipelines" in getattr(item, "fixturenames", ()) for item in request.session.items)


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
        patch.setenv("SPARK_JOBS_TUNING", "off")
        patch.setenv("SPARK_SUBMIT_OPTS", _java_options())
        opened = sessions.open(Environment(root=str(root), master="local[2]", memory="3g"), _connectors())
    yield opened
    sessions.close(opened)


def _java_options() -> str:
    """Java's for thousands of small queries in one process."""
    from spark_jobs.runtime import jars

    options = [
        # The quick compiler (C1), whose usual 48 MB for code would fill up.
        "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m",
        # A heap and a space for classes that need not grow by one collection after another.
        "-Xms2g -Xmn1400m -XX:MetaspaceSize=512m",
    ]
    if jars.archive_path().is_file():
        options.append(f"-XX:SharedArchiveFile={jars.archive_path()}")
    return " ".join(options)


def _connectors() -> tuple[str, ...]:
    """Those whose jars are here or can be fetched; tests that need another one fail."""
    from spark_jobs.errors import JobError
    from spark_jobs.runtime import jars

    try:
        jars.fetch("kafka"), jars.fetch("postgresql")
    except JobError:
        return ()
    return "kafka", "postgresql"


@pytest.fixture(scope="module")
def _views(session: SparkSession) -> Iterator[None]:
    """The temporary views of a module's tests are gone after it; to list them takes Spark a query."""
    yield
    for table in session.catalog.listTables():
        if table.isTemporary:
            session.catalog.dropTempView(table.name)


@pytest.fixture
def spark(session: SparkSession, _views: None) -> Iterator[SparkSession]:
    """The process's session: what a test leaves in the cache or the settings is gone after it."""
    yield session
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
