"""The embedded Postgres lives exactly as long as somebody holds it, whatever happens to anybody."""

import asyncio
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.postgres import CARELESS, NoPostgres, Postgres, free, throw_away

CHECKOUT = Path(__file__).parents[2]
HOLDER = """
import sys
sys.path.insert(0, sys.argv[1])
from bot.postgres import Postgres
with Postgres(*sys.argv[2:]) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own, which is closed to others: as root the server may be nobody.
    made = Path(tempfile.mkdtemp(prefix="throughline test "))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


class Holder:
    """Another process that holds the server until it is told to go, or killed."""

    def __init__(self, root: Path, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(CHECKOUT), str(root), *CARELESS, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, **environment},
        )

    def dsn(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self, kind: signal.Signals | None = None) -> str:
        if kind:
            self.process.send_signal(kind)
        return self.process.communicate()[1]


async def ask(dsn: str, query: str = "select 1") -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def do(dsn: str, command: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(command)
    finally:
        await connection.close()


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def postmaster(root: Path) -> int:
    return int((root / "data" / "postmaster.pid").read_text().split()[0])


def supervisor(root: Path) -> int:
    return int((root / "supervisor").read_text())


def kill_supervisor(root: Path) -> None:
    os.kill(supervisor(root), signal.SIGKILL)
    until = time.monotonic() + 10
    while not free(root / "supervisor", fcntl.LOCK_SH):
        assert time.monotonic() < until
        time.sleep(0.005)


def gone(pid: int, within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while lives(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def appears(path: Path, within: float = 10.0) -> bool:
    until = time.monotonic() + within
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.005)
    return path.exists()


async def test_what_was_kept_is_there_at_the_second_start_which_is_fast(folder: Path) -> None:
    with Postgres(folder / "pg", *CARELESS) as dsn:
        await do(dsn, "create table kept as select lower('ŁÓDŹ') as word")
        first = postmaster(folder / "pg")
    assert gone(first, within=0), "the last holder leaves only when the server is gone"
    began = time.monotonic()
    with Postgres(folder / "pg", *CARELESS) as dsn:
        assert await ask(dsn, "select word from kept") == "łódź"
        assert time.monotonic() - began < 3


async def test_the_address_suits_sqlalchemy_and_no_environment_bends_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "nowhere.example")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.chdir(folder)
    with Postgres("pg", *CARELESS) as dsn:
        assert await ask(dsn) == 1
        engine = create_async_engine(make_url(dsn).set(drivername="postgresql+asyncpg"))
        async with engine.connect() as connection:
            assert (await connection.execute(text("select 2"))).scalar() == 2
        await engine.dispose()


async def test_the_server_outlives_its_starter_and_ends_with_the_last_holder_even_if_both_are_killed(
    folder: Path,
) -> None:
    root = folder / "pg"
    first = Holder(root)
    dsn = first.dsn()
    second = Holder(root)
    assert second.dsn() == dsn
    pid = postmaster(root)
    first.end(signal.SIGKILL)
    await asyncio.sleep(0.3)
    assert await ask(dsn) == 1
    assert postmaster(root) == pid
    second.end(signal.SIGKILL)
    assert gone(pid)


async def test_a_holder_that_is_told_to_go_leaves_nothing_behind(folder: Path) -> None:
    holder = Holder(folder / "pg")
    holder.dsn()
    pids = postmaster(folder / "pg"), supervisor(folder / "pg")
    holder.end(signal.SIGTERM)
    assert all(gone(pid) for pid in pids)


async def test_a_killed_supervisor_takes_the_server_along_and_the_next_start_finds_all(folder: Path) -> None:
    root = folder / "pg"
    with Postgres(root, *CARELESS) as dsn:
        await do(dsn, "create table kept as select 42 as answer")
        pid = postmaster(root)
        kill_supervisor(root)
        with Postgres(root, *CARELESS) as again:
            assert await ask(again, "select answer from kept") == 42
            assert postmaster(root) != pid
        assert gone(pid)


async def test_a_killed_supervisor_and_server_are_recovered_from(folder: Path) -> None:
    root = folder / "pg"
    careful = ("-c", "fsync=off")  # a commit is written before it is answered, and only a lost machine could lose it
    with Postgres(root, *careful) as dsn:
        await do(dsn, "create table kept as select 42 as answer")
        os.kill(postmaster(root), signal.SIGKILL)
        kill_supervisor(root)
        with Postgres(root, *careful) as again:
            assert await ask(again, "select answer from kept") == 42


async def test_a_stale_pid_file_hinders_nobody_and_its_pid_is_left_alone(folder: Path) -> None:
    root = folder / "pg"
    with Postgres(root, *CARELESS) as dsn:
        await do(dsn, "create table kept as select 42 as answer")
        left = (root / "data" / "postmaster.pid").read_text().splitlines()
    stranger = sleeper()
    try:
        (root / "data" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *left[1:]]) + "\n")
        (root / "run" / ".s.PGSQL.5432.lock").write_text("\n".join([str(stranger.pid), *left[1:]]) + "\n")
        with Postgres(root, *CARELESS) as dsn:
            assert await ask(dsn, "select answer from kept") == 42
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_eight_who_start_at_once_share_one_server(folder: Path) -> None:
    holders = [Holder(folder / "pg") for _ in range(8)]
    addresses = {holder.dsn() for holder in holders}
    assert len(addresses) == 1
    assert await ask(addresses.pop()) == 1
    assert (folder / "pg" / "supervisor.log").read_text().count("ready to accept connections") == 1
    pid = postmaster(folder / "pg")
    for holder in holders:
        assert holder.end() == ""
    assert gone(pid)


async def test_spaces_signs_and_a_path_too_long_for_a_socket(folder: Path) -> None:
    for name in ("it's a folder, 100% + ąę & ?", "deep " * 20 + "/" + "and deeper " * 10):
        with Postgres(folder / name, *CARELESS) as dsn:
            assert await ask(dsn) == 1
    sockets = re.search(r"host=([^&]+)", dsn)
    assert sockets
    assert not Path(sockets[1]).exists(), "the folder of its socket is gone with the server"


async def test_a_start_that_was_killed_leaves_no_half_made_database(folder: Path) -> None:
    root = folder / "pg"
    holder = Holder(root)
    assert appears(root / "data.new" / "base")
    kill_supervisor(root)
    assert "Postgres did not start" in holder.end()
    assert not (root / "data").exists()
    with Postgres(root, *CARELESS) as dsn:
        assert await ask(dsn) == 1


async def test_what_hinders_it_is_said_in_a_sentence(folder: Path) -> None:
    with (
        pytest.raises(NoPostgres, match=r"no_such_setting.*supervisor.log.*DATABASE_URL"),
        Postgres(folder / "pg", "-c", "no_such_setting=1", *CARELESS),
    ):
        pass
    (folder / "file").write_text("")
    with pytest.raises(NoPostgres, match=r"cannot be used.*DATABASE_URL"), Postgres(folder / "file" / "pg"):
        pass
    with Postgres(folder / "pg", *CARELESS) as dsn:
        assert await ask(dsn) == 1


async def test_erase_removes_what_was_kept_but_not_from_under_a_holder(folder: Path) -> None:
    server = Postgres(folder / "pg", *CARELESS)
    with server as dsn:
        await do(dsn, "create table kept ()")
        with pytest.raises(NoPostgres, match=r"in use"):
            Postgres(folder / "pg").erase()
    Postgres(folder / "pg").erase()
    with server as dsn:
        assert await ask(dsn, "select to_regclass('kept')") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")
async def test_root_without_user_namespaces_runs_it_as_nobody_who_must_be_able_to_reach_it(folder: Path) -> None:
    root = folder / "pg"
    holder = Holder(root, EMBEDDED_POSTGRES_ROOT="drop")
    dsn = holder.dsn()
    assert await ask(dsn) == 1
    assert (root / "data").stat().st_uid != 0
    assert Path(f"/proc/{postmaster(root)}").stat().st_uid == (root / "data").stat().st_uid
    holder.end()
    with Postgres(root, *CARELESS) as dsn:  # a database keeps its owner
        assert await ask(dsn) == 1
        assert (root / "data").stat().st_uid != 0
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    refused = Holder(closed / "pg", EMBEDDED_POSTGRES_ROOT="drop")
    assert re.search("nobody.*cannot reach.*DATABASE_URL", refused.end())
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_a_throw_away_server_leaves_nothing() -> None:
    with throw_away() as dsn:
        assert await ask(dsn) == 1
        folder = Path(str(await ask(dsn, "show data_directory"))).parent
        assert folder.exists()
    assert not folder.exists()


def test_a_command_can_borrow_one() -> None:
    script = "import asyncio, asyncpg, os; c = asyncpg.connect(os.environ['DATABASE_URL'])\n"
    script += "async def main():\n    print(await (await c).fetchval('select 6 * 7'))\nasyncio.run(main())"
    done = subprocess.run(
        [sys.executable, "-m", "bot.postgres", "lend", sys.executable, "-c", script],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("42\n", 0), done.stderr


def test_importing_it_is_light() -> None:
    script = (
        "import sys, bot.postgres; print(sorted({'sqlalchemy', 'asyncpg', 'aiohttp', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.stdout == "[]\n"
