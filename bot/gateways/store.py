"""Where files are kept: a local folder, each under the hash of its bytes, so that the same file is kept once."""

import asyncio
import hashlib
import os
import shutil
import tempfile
from pathlib import Path


class Store:
    """A folder of files by SHA-256; a file appears whole or not at all, and is read by nobody but us."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies, or would lie."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ValueError("That is no SHA-256.")
        return self._folder / sha256[:2] / sha256

    def keep(self, content: bytes) -> str:
        """Keep the bytes; returns their hash."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).rename(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        return sha256

    def read(self, sha256: str) -> bytes:
        """The bytes with this hash; FileNotFoundError if they are not kept here."""
        return self.path(sha256).read_bytes()

    def remove(self, sha256: str) -> None:
        """Remove the file with this hash, for good; nothing happens if it is not kept here."""
        self.path(sha256).unlink(missing_ok=True)

    async def copy(self, key: str, target: Path) -> bool:
        """Copy the file with this hash to a place outside; False if it is not kept here."""
        source = self.path(key)
        if not await asyncio.to_thread(source.exists):
            return False
        await asyncio.to_thread(shutil.copyfile, source, target)
        return True
