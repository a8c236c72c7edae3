"""How pytest-xdist divides the tests among its workers, each of which has a Spark session of its own."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# Their tests share what takes long to make: fitted pipelines, or a trained model.
_SHARING = {"tests/graph/": "pipelines", "tests/jobs/test_export.py": "pipelines", "tests/jobs/": "jobs"}


def unit_of(nodeid: str) -> str:
    """The tests that one worker runs: those of a file, or of files that share what takes long to make."""
    path = nodeid.partition("::")[0]
    return next((unit for start, unit in _SHARING.items() if path.startswith(start)), path)


class UnitScheduling(LoadScopeScheduling):
    """Hands out the units in the order of their first tests."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
