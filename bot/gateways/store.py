"""Where files are kept: a local folder, or a bucket that speaks S3; each appears whole or not at all, and none is ever held in memory."""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from bot.gateways.failures import Permanent, Temporary
from bot.settings import Settings

PIECE = 1024 * 1024
PART, PARTS = 8 * 1024 * 1024, 4
"""How a long file goes to a bucket: in parts of this size, so many at once, which is what memory it takes."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
HASH = re.compile(r"[0-9a-f]{64}")


class Store(Protocol):
    """Files by name. Temporary where the outside does not answer, Permanent where it refuses; ValueError for a name that is none."""

    async def put(self, name: str, source: Path) -> None:
        """Keep the file under this name, in place of what is there; it may be moved there."""

    async def copy(self, name: str, target: Path) -> bool:
        """Copy what is kept to a place outside; False if nothing is."""

    async def size(self, name: str) -> int | None:
        """How many bytes are kept under this name; None if nothing is."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """What is kept, piece by piece; FileNotFoundError if nothing is."""

    async def remove(self, name: str) -> None:
        """Remove what is kept, for good; nothing happens if nothing is."""

    def room(self) -> Path | None:
        """A folder beside what is kept, where that is one: what is made there can be moved in without a copy."""


class Folder:
    """A folder of this machine; what is in it is read by nobody but us."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where it lies, or would lie."""
        return self._folder / _checked(name)

    def room(self) -> Path | None:
        """The folder itself."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder

    async def put(self, name: str, source: Path) -> None:
        """Moved beside its place (copied, from another disk), written through, and only then put into it."""

        def move() -> None:
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, half = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file, source.open("rb") as given:
                    if os.fstat(file.fileno()).st_dev != os.fstat(given.fileno()).st_dev:
                        shutil.copyfileobj(given, file, PIECE)
                        file.flush()
                        os.fsync(file.fileno())
                    else:
                        os.fsync(given.fileno())
                        source.chmod(0o600)
                        source.replace(half)
                Path(half).rename(path)
            except BaseException:
                Path(half).unlink(missing_ok=True)
                raise

        with _disk():
            await asyncio.to_thread(move)

    async def copy(self, name: str, target: Path) -> bool:
        """Copied by the kernel, where it can."""
        source = self.path(name)
        if not await asyncio.to_thread(source.is_file):
            return False
        with _disk():
            await asyncio.to_thread(shutil.copyfile, source, target)
        return True

    async def size(self, name: str) -> int | None:
        """As the file system knows it."""
        path = self.path(name)
        return path.stat().st_size if path.is_file() else None

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """In pieces of a megabyte."""
        with self.path(name).open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    async def remove(self, name: str) -> None:
        """Its place is free at once."""
        self.path(name).unlink(missing_ok=True)


class Bucket:
    """A bucket of Amazon's S3, or of what speaks like it, with everything under one prefix."""

    def __init__(self, bucket: str, prefix: str = "", *, endpoint: str = "", region: str = "", **keys: str) -> None:
        """Without `access_key_id` and `secret_access_key` they are looked for as Amazon's own tools do (AWS_…, the machine's role)."""
        given: dict[str, Any] = {"region": region or "us-east-1", **{name: key for name, key in keys.items() if key}}
        if endpoint:
            given["endpoint"] = endpoint
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            # The whole time is long, for long files; the time without a word is not.
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "read_timeout": timedelta(seconds=30),
                "timeout": timedelta(hours=6),
            },
            disable_bulk_delete=True,  # not every S3 knows it, and ours go one by one
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
            **given,
        )

    def room(self) -> Path | None:
        """None: it is not of this machine."""
        return None

    async def put(self, name: str, source: Path) -> None:
        """In parts, where it is long; S3 shows it once the last one is there."""
        try:
            with _asked(), source.open("rb") as file:
                await obstore.put_async(self._store, _checked(name), file, chunk_size=PART, max_concurrency=PARTS)
        except FileNotFoundError as error:
            if not source.exists():
                raise
            raise Permanent("files", "no_bucket", "The bucket for files is not there.") from error

    async def copy(self, name: str, target: Path) -> bool:
        """Written as it comes."""
        try:
            with target.open("wb") as file:
                async for piece in self.read(name):
                    await asyncio.to_thread(file.write, piece)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return False
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return True

    async def size(self, name: str) -> int | None:
        """As S3 knows it."""
        try:
            with _asked():
                return int((await obstore.head_async(self._store, _checked(name)))["size"])
        except FileNotFoundError:
            return None

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """In pieces of about a megabyte."""
        with _asked():
            found = await obstore.get_async(self._store, _checked(name))
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    async def remove(self, name: str) -> None:
        """S3 does not say whether it was there."""
        try:
            with _asked():
                await obstore.delete_async(self._store, _checked(name))
        except FileNotFoundError:
            return


class Contents:
    """The bytes of files under their SHA-256, so that the same file is kept once."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def keep(self, source: Path, sha256: str) -> None:
        """Keep the file, unless its like is kept already."""
        if await self.store.size(place_of(sha256)) is None:
            await self.store.put(place_of(sha256), source)

    async def add(self, content: bytes) -> str:
        """Keep bytes that are in memory already; their hash."""
        sha256 = hashlib.sha256(content).hexdigest()
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=self.store.room()) as room:
            (Path(room) / "file").write_bytes(content)
            await self.keep(Path(room) / "file", sha256)
        return sha256

    async def copy(self, key: str, target: Path) -> bool:
        """Copy the file with this hash to a place outside; False if it is not kept here."""
        return await self.store.copy(place_of(key), target)

    async def remove(self, sha256: str) -> None:
        """Remove the file with this hash, for good."""
        await self.store.remove(place_of(sha256))


def place_of(sha256: str) -> str:
    """The name under which a file with this hash is kept."""
    if not HASH.fullmatch(sha256):
        raise ValueError("That is no SHA-256.")
    return f"{sha256[:2]}/{sha256}"


def files_of(settings: Settings) -> Contents:
    """Where the files of messages are kept."""
    return Contents(at(settings.files_folder, settings))


def exports_of(settings: Settings) -> Store:
    """Where copies of the record lie until they are fetched."""
    return at(settings.exports_folder, settings)


def at(address: str, settings: Settings) -> Store:
    """The store at an address from the settings; ValueError with a sentence if it is none."""
    if "://" not in address:
        return Folder(Path(address))
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"“{address}” is no place for files: name a folder, or s3://bucket/folder.")
    return Bucket(
        parts.netloc,
        parts.path,
        endpoint=settings.s3_endpoint_url,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key.get_secret_value(),
    )


async def tried(store: Store) -> None:
    """Write, read and remove a file, as the doctor does; the Failure says what is wrong."""
    name, words = f"doctor-{os.urandom(6).hex()}", b"Throughline was here."
    with tempfile.TemporaryDirectory() as folder:
        given, back = Path(folder) / "given", Path(folder) / "back"
        given.write_bytes(words)
        await store.put(name, given)
        try:
            if not await store.copy(name, back) or back.read_bytes() != words:
                raise Permanent("files", "other", "What was written was not what was read.")
        finally:
            await store.remove(name)


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("That is no name of a file that we keep.")
    return name


@contextmanager
def _disk() -> Iterator[None]:
    """Turn what the file system says into a Failure: a full disk may be emptied."""
    try:
        yield
    except PermissionError as error:
        raise Permanent(
            "files", "not_allowed", f"The folder for files may not be written: {error.strerror}."
        ) from error
    except OSError as error:
        raise Temporary("files", "disk", f"A file could not be written or read: {error.strerror}.") from error


@contextmanager
def _asked() -> Iterator[None]:
    """Turn what the library says into a Failure; it quotes addresses and answers, so its own words are not passed on."""
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise Permanent(
            "files", "not_allowed", "The bucket refuses our keys (S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY)."
        ) from error
    except BaseError as error:
        raise Temporary("files", "unreachable", "The bucket for files does not answer as it should.") from error
