"""What processes cost: their memory, and the processor time of a Postgres with all that belongs to it."""

import os
from pathlib import Path

TICK = 1_000 / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """The memory that a process holds, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def postgres_time(folder: Path) -> float:
    """The milliseconds of processor time that the server in this folder has taken since its start, with its backends, dead or alive."""
    main = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    taken = sum(_times(main)[1:])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent, *times = _times(int(entry.name))
            except OSError:  # it ended meanwhile
                continue
            if parent == main:
                taken += sum(times)
    return taken * TICK


def _times(pid: int) -> list[int]:
    """A process's parent, then its ticks of processor time: its own, and its dead children's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(fields[1]), *map(int, fields[11:15])]
