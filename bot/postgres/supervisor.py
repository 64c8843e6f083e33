"""The supervisor, a process of its own: it starts Postgres, waits until nobody holds it any more, and stops it."""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from bot.postgres import ELSEWHERE, PATIENCE, PORT, NoPostgres, lock
from bot.postgres.rights import Rights, possible, rights_for

SERVER = ("-c", "listen_addresses=", "-c", "max_connections=100", "-c", "log_min_messages=warning", "-p", str(PORT))
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SOCKET_PATH_LIMIT = 100  # bytes; the kernel has 108 on Linux and 104 on macOS


def supervise(root: Path, ready: int, options: Sequence[str]) -> None:
    """Start the server, tell the pipe `ready` its address or what hinders it; stop it when its last holder is gone."""
    if os.fork():
        os._exit(0)  # the starter waits for this one only: it keeps no child, and no zombie
    os.chdir("/")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kept = [lock(root / "supervisor", fcntl.LOCK_EX)]
    kept[0].truncate(0)
    kept[0].write(f"{os.getpid()}\n".encode())
    kept[0].flush()
    address = root / "address"
    address.unlink(missing_ok=True)
    try:
        server, folder = _serve(root, options)
    except NoPostgres as problem:
        os.write(ready, f"failed\n{problem} {ELSEWHERE}".encode())
        raise
    except (OSError, subprocess.SubprocessError) as problem:
        os.write(ready, f"failed\nPostgres did not start: {problem}. {ELSEWHERE}".encode())
        raise
    address.write_text(str(folder))
    os.write(ready, f"ready\n{folder}".encode())
    os.close(ready)

    with suppress(_Over):
        for told in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(told, _over)
        if server.poll() is None:
            kept.append(lock(root / "users", fcntl.LOCK_EX))  # and new holders wait until this process is gone
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    address.unlink(missing_ok=True)
    _stop(server)
    if folder.parent != root:
        shutil.rmtree(folder, ignore_errors=True)


class _Over(Exception):
    """The server has ended, or is to end."""


def _over(*_: object) -> None:
    raise _Over


def _serve(root: Path, options: Sequence[str]) -> tuple[subprocess.Popen[bytes], Path]:
    """A server that accepts connections, and the folder of its socket."""
    data, new = root / "data", root / "data.new"
    alone = _outlive_the_former(root)
    rights = rights_for(root)
    folder = _socket_folder(root, rights)
    shutil.rmtree(new, ignore_errors=True)
    fresh = not (data / "PG_VERSION").exists()
    if fresh:
        new.mkdir(mode=0o700)
    reached = new if fresh else data
    rights.give(reached)

    def reach() -> None:
        rights.enter()
        (reached / "reached").touch()
        (reached / "reached").unlink()

    if not possible(reach):
        raise NoPostgres(
            f"Postgres may not run as root, and the user nobody, who stands in, cannot reach {root}. "
            "Run as an ordinary user, or from a folder that everybody may enter."
        )
    if fresh:
        speed = ("--no-sync",) if "fsync=off" in options else ()
        making = ("initdb", "-D", str(new), "-U", "postgres", "-A", "trust", *LOCALE, *speed)
        with _run(rights, alone, making, output=subprocess.PIPE) as made:
            said = made.communicate(timeout=4 * PATIENCE)[0].decode(errors="replace")
        if made.returncode:
            raise NoPostgres(f"Postgres could not make a database in {root}: {_reason(said)}.")
        new.rename(data)  # only now: a start that is killed leaves no half-made database
    log = root / "supervisor.log"
    before = log.stat().st_size
    server = _run(rights, alone, ("postgres", "-D", str(data), "-k", str(folder), *SERVER, *options))
    until = time.monotonic() + PATIENCE
    while server.poll() is None and not _accepts(data, server.pid):
        if time.monotonic() > until:
            _stop(server)
            raise NoPostgres(f"Postgres was not ready after {PATIENCE:.0f} seconds; {log} says more.")
        time.sleep(0.01)
    if server.returncode is not None:
        said = log.read_bytes()[before:].decode(errors="replace")
        raise NoPostgres(f"Postgres did not start: {_reason(said)}; {log} says more.")
    return server, folder


def _run(rights: Rights, alone: BinaryIO, command: Sequence[str], output: int | None = None) -> subprocess.Popen[bytes]:
    def child() -> None:
        rights.enter()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG: a killed supervisor means a fast shutdown
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.Popen(
        [str(rights.programs / command[0]), *command[1:]],
        cwd="/",
        env=environment | {"TZ": "UTC", "LC_ALL": "C"},
        preexec_fn=child,
        pass_fds=[alone.fileno()],
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )


def _outlive_the_former(root: Path) -> BinaryIO:
    """The lock that each process of a server inherits: once it is ours, what a dead server left behind is void."""
    data, until = root / "data", time.monotonic() + PATIENCE
    while True:
        try:
            alone = lock(root / "server", fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as problem:
            if time.monotonic() > until:
                raise NoPostgres(f"A former server in {root} does not end.") from problem
            if sys.platform != "linux":
                _stop_orphan(data)
            time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)  # its pid may be a stranger's by now: no lock, no server
    return alone


def _stop_orphan(data: Path) -> None:
    """Where the kernel does not tell a server that its supervisor was killed, we do."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):  # gone, or not yet written
        return
    shown = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    if f"-D {data} " in shown.stdout:
        os.kill(pid, signal.SIGINT)


def _stop(server: subprocess.Popen[bytes]) -> None:
    for kind, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if server.poll() is None:
            server.send_signal(kind)
            try:
                server.wait(patience)
            except subprocess.TimeoutExpired:
                print(f"Postgres did not stop within {patience} seconds of {kind.name}.", file=sys.stderr)


def _accepts(data: Path, pid: int) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _reason(said: str) -> str:
    """The line of a log that tells a person most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:", "ERROR:"))]
    return ([*told[:1], *lines[-1:], "it said nothing"])[0].rstrip(".")


def _socket_folder(root: Path, rights: Rights) -> Path:
    """`run` in the root; where that path is too long for a socket, or unfit for a DSN, one in the temporary folder."""
    name = "throughline-" + hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    bases = (tempfile.gettempdir(), "/tmp")  # noqa: S108  (it must prove to be ours, below)
    for place in (root / "run", *(Path(base, name) for base in bases)):
        if len(os.fsencode(place / f".s.PGSQL.{PORT}")) < SOCKET_PATH_LIMIT and not set(str(place)) & set(',:"'):
            break
    else:
        raise NoPostgres(f"The paths of {root} and of the temporary folder are too long for a socket.")
    place.mkdir(mode=0o700, exist_ok=True)
    seen = place.lstat()
    strange = os.geteuid() != seen.st_uid and (os.geteuid() != 0 or rights.owner is None)
    if not stat.S_ISDIR(seen.st_mode) or strange or seen.st_mode & 0o022:
        raise NoPostgres(f"{place} is needed for the database's socket and belongs to somebody else: remove it.")
    for left in place.glob(".s.PGSQL.*"):
        left.unlink()
    rights.give(place)
    return place
