"""The embedded Postgres: a private server on a folder, which lives exactly as long as somebody holds it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

PORT = 5432  # only a name here, the last part of the socket's path: nothing listens on the network
PATIENCE = 60.0  # seconds that a start, or the end of a former server, may take
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
ELSEWHERE = "Or set DATABASE_URL to a Postgres of your own."

# Each holder keeps a shared lock on `users` and the supervisor waits for the exclusive one: however a process dies,
# the kernel drops its lock. `present` is the same list of holders without the supervisor, so that the last to leave
# knows it. `supervisor` is locked while one lives, `server` while any process of Postgres does (they inherit it).


class NoPostgres(RuntimeError):
    """The embedded Postgres cannot run here: a sentence that says why and names a way on."""


class Postgres:
    """A private server with its data under `root`: `with Postgres("var/pg") as dsn: …`.

    The first holder starts it, later ones (of any process) join it, and it stops after the last, whatever way they end.
    `options` are given to the server by whoever starts it: `Postgres(folder, "-c", "fsync=off")`.
    """

    def __init__(self, root: str | os.PathLike[str], *options: str) -> None:
        self.root = Path(root).absolute()
        self.options = options
        self._held: list[BinaryIO] = []

    def __enter__(self) -> str:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for name in ("users", "present"):
                self._held.append(lock(self.root / name, fcntl.LOCK_SH))
            with lock(self.root / "starting", fcntl.LOCK_EX):
                return dsn(self._running() or self._start())
        except OSError as problem:
            self._let_go()
            raise NoPostgres(f"The database's folder {self.root} cannot be used: {problem}. {ELSEWHERE}") from problem
        except BaseException:
            self._let_go()
            raise

    def __exit__(self, *_: object) -> None:
        self._let_go()
        until = time.monotonic() + PATIENCE
        # The last to leave waits for the end of the server, so that whoever comes after may remove the folder.
        while self._unused() and not free(self.root / "supervisor", fcntl.LOCK_SH) and time.monotonic() < until:
            time.sleep(0.01)

    def erase(self) -> None:
        """Remove everything that the database holds; refused while somebody uses it."""
        if not self.root.exists():
            return
        with lock(self.root / "starting", fcntl.LOCK_EX):
            if not self._unused():
                raise NoPostgres(f"The database in {self.root} is in use: stop what uses it, then try again.")
            with lock(self.root / "users", fcntl.LOCK_EX):
                for name in ("data", "data.new", "run"):
                    if (self.root / name).exists():
                        shutil.rmtree(self.root / name)

    def _unused(self) -> bool:
        return free(self.root / "present", fcntl.LOCK_EX)

    def _let_go(self) -> None:
        while self._held:
            self._held.pop().close()

    def _running(self) -> str | None:
        """The socket's folder of the server that runs already."""
        until = time.monotonic() + PATIENCE
        while not free(self.root / "supervisor", fcntl.LOCK_SH):
            try:
                return (self.root / "address").read_text()
            except FileNotFoundError as problem:  # it is being stopped, or its starter was killed
                if time.monotonic() > until:
                    raise NoPostgres(f"The server in {self.root} neither stops nor answers. {ELSEWHERE}") from problem
                time.sleep(0.02)
        return None

    def _start(self) -> str:
        """Start a supervisor, and with it the server; the socket's folder."""
        reading, writing = os.pipe()
        log = self.root / "supervisor.log"
        with os.fdopen(reading) as answer, log.open("ab") as end:
            if end.tell() > 1_000_000:
                end.truncate(0)
            try:
                # From the checkout, so that it finds itself whatever folder, path or environment we run in.
                subprocess.run(
                    [sys.executable, "-m", "bot.postgres", "supervise", str(self.root), str(writing), *self.options],
                    cwd=Path(__file__).absolute().parents[2],
                    env={name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"},
                    pass_fds=[writing],
                    stdin=subprocess.DEVNULL,
                    stdout=end,
                    stderr=end,
                    start_new_session=True,
                    check=False,
                )
            finally:
                os.close(writing)
            said, _, rest = answer.read().partition("\n")
        if said != "ready":
            raise NoPostgres(rest or f"Postgres did not start; {log} says why. {ELSEWHERE}")
        return rest


def lock(path: Path, kind: int) -> BinaryIO:
    """The file, locked until it is closed, or its process ends in any way."""
    file = path.open("ab")
    try:
        fcntl.flock(file, kind)
    except BaseException:
        file.close()
        raise
    return file


def free(path: Path, kind: int) -> bool:
    """Could the lock be had at this moment?"""
    try:
        lock(path, kind | fcntl.LOCK_NB).close()
    except BlockingIOError:
        return False
    except FileNotFoundError:  # the whole folder is gone, and every lock with it
        return True
    return True


def dsn(folder: str) -> str:
    """The address of the server whose socket is in that folder, for asyncpg, SQLAlchemy and psql."""
    # The port is said, or PGPORT in the environment of the reader would be taken.
    return f"postgresql://postgres@/postgres?host={quote(folder)}&port={PORT}"


@contextmanager
def throw_away(*options: str) -> Iterator[str]:
    """A server that nothing remains of: no folder, and no waiting for the disk."""
    with tempfile.TemporaryDirectory(prefix="throughline-") as folder:
        Path(folder).chmod(0o711)  # as root the server may run as nobody, who must get through
        with Postgres(folder, *CARELESS, *options) as address:
            yield address


def lend(command: Sequence[str]) -> int:
    """Run a command with DATABASE_URL set to a throw-away server; its exit status."""
    with throw_away() as address:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": address}, check=False).returncode
