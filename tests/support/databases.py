"""A real PostgreSQL on loopback, made by Debian's own tools, that tests may kill and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

USER, PASSWORD = "ann", "canary-7f3a-'quoted\"-ö"
_SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
shared_buffers = 16MB
max_connections = 12
superuser_reserved_connections = 3
"""


class Unavailable(Exception):
    """There is no PostgreSQL on this machine."""


class Database:
    """A server of its own folder with a database `shop`; what was committed outlives it."""

    def __init__(self) -> None:
        self.tools = _tools()
        # Its socket's path must be short, and its folder one that another user may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.port = _free_port()
        self.user = _other_user()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        secret = self.folder / "secret"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        secret.chmod(0o644)
        self._run("initdb", "-D", self._data, "-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256",
                  "-E", "UTF8", "--locale", "C.UTF-8")  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(folder=self.folder, port=self.port))
        self.start()
        self.execute("CREATE DATABASE shop", database="postgres")

    @property
    def url(self) -> str:
        """Its address as a spec says it."""
        return f"jdbc:postgresql://127.0.0.1:{self.port}/shop"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._run("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-w", "-t", "60", "start")

    def stop(self, how: str = "immediate") -> None:
        """Ends it: `immediate` as a failing machine would."""
        self._run("pg_ctl", "-D", self._data, "-m", how, "-w", "stop")

    def remove(self) -> None:
        """Ends it for good."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, sql: str, database: str = "shop") -> str:
        """What psql, PostgreSQL's own client, prints of some SQL: bare cells."""
        command = [self.tools / "psql", "-h", "127.0.0.1", "-p", self.port, "-U", USER, "-d", database]
        command += ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        done = subprocess.run(
            [str(part) for part in command],
            input=sql,
            capture_output=True,
            text=True,
            env={**os.environ, "PGPASSWORD": PASSWORD},
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, tool: str, *arguments: str) -> None:
        as_user = ["setpriv", "--reuid", self.user, "--regid", self.user, "--init-groups"] if self.user else []
        log = self.folder / f"{tool}.log"
        with log.open("ab") as out:  # a pipe would be held open by the server
            done = subprocess.run(
                [*as_user, str(self.tools / tool), *arguments], stdout=out, stderr=out, cwd="/", timeout=120
            )
        assert done.returncode == 0, log.read_text()


def _tools() -> Path:
    """The folder of the newest server's own programs.

    Raises:
        Unavailable: there is none.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("pg_ctl")
    if not found and on_path is None:
        raise Unavailable("there is no PostgreSQL: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path or "").resolve().parent


def _other_user() -> str | None:
    """Who runs the server where this is root, which it refuses to be run by."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
        return port
