"""The Java side on disk: the java executable, the pinned jars, and the class archive that makes Spark start fast."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from spark_jobs.errors import JobError

# Without `root`, Ivy's Maven resolver is Maven Central. No other repository is used.
_SETTINGS = (
    '<ivysettings><settings defaultResolver="central"/>'
    '<resolvers><ibiblio name="central" m2compatible="true"/></resolvers></ivysettings>'
)


class Jar(NamedTuple):
    """A pinned jar on Maven Central."""

    sha256: str
    group: str
    name: str
    version: str

    @property
    def file(self) -> str:
        """Return the jar's file name in the cache."""
        return f"{self.name}-{self.version}.jar"


def pinned(connector: str | None = None) -> tuple[Jar, ...]:
    """Return the jars that Delta or a connector needs in addition to Spark's own, with their checksums."""
    lines = [line.split() for line in _lines(connector) if line and not line.startswith("#")]
    return tuple(Jar(sha256, *coordinate.split(":")) for sha256, coordinate in lines)


def main_class(connector: str) -> str:
    """Return the class that tells whether a session has a connector's jars: the first line `# CLASS` of its lock."""
    return _lines(connector)[0].removeprefix("#").strip()


def _lines(connector: str | None) -> list[str]:
    return _lock(connector).read_text(encoding="utf-8").splitlines()


def package(connector: str | None = None) -> str:
    """Return the `--packages` coordinate of Delta or a connector, with which Spark downloads the same jars."""
    first = _first(connector)
    return f"{first.group}:{first.name}:{first.version}"


def cache_folder() -> Path:
    """Return the folder of downloaded jars and the class archive: `SPARK_JOBS_CACHE`, else below the user's cache."""
    given = os.environ.get("SPARK_JOBS_CACHE")
    if given:
        return Path(given).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser().resolve() / "spark_jobs"


def spark_home() -> Path:
    """Return the folder of the Spark to start: `SPARK_HOME`, else the installed pyspark package."""
    import pyspark

    return Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)


def java() -> Path:
    """Return the java executable to start: that of `JAVA_HOME`, else the first on the path.

    Raises:
        JobError: There is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home) / "bin" / "java")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME={home} has no bin/java" if home else "There is no java on the path"
        raise JobError(
            f"{where}; Spark needs Java 17 or 21.", "Install one (Debian: apt-get install openjdk-17-jre-headless)."
        )
    return Path(found).resolve()


def missing_jars(connector: str | None = None) -> tuple[Jar, ...]:
    """Return the pinned jars of Delta or a connector that are not yet in the cache."""
    folder = _jar_folder(connector)
    return tuple(jar for jar in pinned(connector) if not (folder / jar.file).is_file())


def fetch(connector: str | None = None) -> tuple[Path, ...]:
    """Return local paths of the jars of Delta or a connector; download and verify them the first time.

    Raises:
        JobError: The download failed, or a file's checksum differs.
    """
    folder = _jar_folder(connector)
    if missing_jars(connector):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            wanted = missing_jars(connector)
            if wanted:
                _download(wanted, folder, _lock(connector))
    return tuple(folder / jar.file for jar in pinned(connector))


def archive_path() -> Path:
    """Return the path of the class archive for this java, Spark and jars; another version has another path."""
    jars = sorted((spark_home() / "jars").glob("*.jar")) + [_jar_folder() / jar.file for jar in pinned()]
    binary = java()
    seen = [f"{binary} {binary.stat().st_mtime_ns}", *(f"{path} {_stamp(path)}" for path in jars)]
    key = hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]
    return cache_folder() / "classes" / f"{key}.jsa"


def _stamp(path: Path) -> str:
    if not path.is_file():
        return "missing"
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _lock(connector: str | None) -> Path:
    if connector is not None and connector.endswith(".lock"):
        return Path(connector)
    package = Path(str(files("spark_jobs.runtime")))
    return package / "jars.lock" if connector is None else package / "connectors" / f"{connector}.lock"


def _first(connector: str | None) -> Jar:
    """Return the main jar, which needs the others."""
    jars = pinned(connector)
    return next(jar for jar in jars if jar.name.startswith("delta-spark")) if connector is None else jars[0]


def _jar_folder(connector: str | None = None) -> Path:
    first = _first(connector)
    return cache_folder() / "jars" / f"{first.name}-{first.version}"


def _download(wanted: tuple[Jar, ...], folder: Path, lock: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        answer = _ask_ivy(wanted, Path(scratch))
        for jar in wanted:
            _accept(Path(scratch) / jar.file, jar, folder, lock, answer)


def _accept(file: Path, jar: Jar, folder: Path, lock: Path, answer: str) -> None:
    if not file.is_file():
        raise JobError(
            f"The jar {jar.file} could not be downloaded from Maven Central: {_cause(answer)}.",
            f"Connect to the internet once, or copy the jars listed in {lock} to {folder}.",
        )
    if hashlib.sha256(file.read_bytes()).hexdigest() != jar.sha256:
        raise JobError(
            f"The downloaded {jar.file} is not the pinned file: its SHA-256 differs.",
            "A proxy or mirror may have changed it; ask your network administrator.",
        )
    os.replace(file, folder / jar.file)


def _ask_ivy(wanted: tuple[Jar, ...], scratch: Path) -> str:
    ivy = next((spark_home() / "jars").glob("ivy-*.jar"), None)
    if ivy is None:
        return f"{spark_home()} has no Ivy jar to download with"
    modules = "".join(
        f'<dependency org="{j.group}" name="{j.name}" rev="{j.version}" transitive="false" conf="default->master"/>'
        for j in wanted
    )
    (scratch / "ivy.xml").write_text(
        f'<ivy-module version="2.0"><info organisation="spark-jobs" module="jars"/>'
        f"<dependencies>{modules}</dependencies></ivy-module>"
    )
    (scratch / "settings.xml").write_text(_SETTINGS)
    command = [java(), "-cp", ivy, "org.apache.ivy.Main"]
    command += ["-settings", scratch / "settings.xml", "-ivy", scratch / "ivy.xml"]
    command += ["-cache", scratch / "ivy", "-retrieve", f"{scratch}/[artifact]-[revision].[ext]"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _cause(answer: str) -> str:
    telling = [
        line.strip() for line in answer.splitlines() if "ERRORS" not in line and ("rror" in line or "xception" in line)
    ]
    return telling[0][:200] if telling else "no reason was given"


if __name__ == "__main__":
    fetch()
