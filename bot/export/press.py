"""The press, a process of its own: sets one part of the record as PDF, and gives back all its memory by ending."""

import sys
from datetime import datetime
from pathlib import Path

import typst


def main(folder: str, target: str, made: str) -> None:
    """Set `record.typ` with the `part.json` beside it; texts reach it as data, so that none of them is ever markup."""
    compiler = typst.Compiler(str(Path(folder) / "record.typ"), root=folder)
    compiler.compile(output=target, timestamp=datetime.fromisoformat(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
