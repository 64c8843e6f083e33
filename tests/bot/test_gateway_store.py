"""Where files are kept: a folder and a bucket keep one contract, and a bucket's failures are told apart."""

import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot import doctor
from bot.doctor import outside
from bot.gateways import store as stores
from bot.gateways.failures import Failure, Permanent, Temporary
from bot.gateways.store import Bucket, Contents, Folder, Store, exports_of, files_of
from bot.settings import Settings
from tests.bot.bucket import KEY, REGION, SECRET, SmallS3


@pytest.fixture
async def s3() -> AsyncIterator[SmallS3]:
    server = SmallS3("northwind")
    await server.start()
    yield server
    await server.stop()


def bucket(s3: SmallS3, name: str = "northwind", secret: str = SECRET) -> Bucket:
    keys = {"access_key_id": KEY, "secret_access_key": secret}
    return Bucket(name, "/kept", endpoint=s3.url, region=REGION, **keys)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, s3: SmallS3) -> Store:
    return Folder(tmp_path / "kept") if request.param == "folder" else bucket(s3)


def given(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "given"
    path.write_bytes(content)
    return path


async def everything(store: Store, name: str) -> bytes:
    return b"".join([piece async for piece in store.read(name)])


async def test_what_is_put_is_read_again_until_it_is_removed(store: Store, tmp_path: Path) -> None:
    assert await store.size("a/report.zip") is None and not await store.copy("a/report.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()
    with pytest.raises(FileNotFoundError):
        await everything(store, "a/report.zip")
    for content in (b"first", b"", b"second, longer"):
        await store.put("a/report.zip", given(tmp_path, content))
        assert await store.size("a/report.zip") == len(content)
        assert await everything(store, "a/report.zip") == content
        assert await store.copy("a/report.zip", tmp_path / "back") and (tmp_path / "back").read_bytes() == content
    for _ in range(2):
        await store.remove("a/report.zip")
        assert await store.size("a/report.zip") is None


async def test_a_long_file_goes_in_parts_and_comes_in_pieces(store: Store, tmp_path: Path, s3: SmallS3) -> None:
    content = bytes(range(256)) * 4 * 1024 * 20
    path = given(tmp_path, content)
    await store.put("long", path)
    digest, longest = hashlib.sha256(), 0
    async for piece in store.read("long"):
        digest.update(piece)
        longest = max(longest, len(piece))
    assert digest.digest() == hashlib.sha256(content).digest()
    assert longest <= 2 * stores.PIECE and s3.longest <= stores.PART and not s3.uploads


async def test_the_same_bytes_are_kept_once(store: Store, tmp_path: Path) -> None:
    contents = Contents(store)
    first, again, other = [await contents.add(content) for content in (b"logo", b"logo", b"brief")]
    assert first == again == hashlib.sha256(b"logo").hexdigest() != other
    assert await contents.copy(first, tmp_path / "back") and (tmp_path / "back").read_bytes() == b"logo"
    await contents.remove(first)
    assert not await contents.copy(first, tmp_path / "back") and await contents.copy(other, tmp_path / "back")


@pytest.mark.parametrize("name", ["", "../x", "a/../../x", "/etc/passwd", "a//b", ".hidden", "a/.b", "a\n", "a b", "ü"])
async def test_a_name_leads_nowhere_else(store: Store, tmp_path: Path, name: str) -> None:
    for attempt in (store.size(name), store.copy(name, tmp_path / "back"), store.remove(name)):
        with pytest.raises(ValueError, match="no name"):
            await attempt
    with pytest.raises(ValueError, match="no name"):
        await store.put(name, given(tmp_path, b"x"))
    with pytest.raises(ValueError, match="SHA-256"):
        await Contents(store).copy(name, tmp_path / "back")


async def test_a_folders_files_are_ours_alone_and_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "kept")
    await Contents(folder).add(b"secret")
    files = [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600]
    assert not list((tmp_path / "kept").rglob(".*")), "nothing half made is left"


async def test_a_bucket_that_refuses_is_told_from_one_that_is_away(s3: SmallS3, tmp_path: Path) -> None:
    path = given(tmp_path, b"x")
    for refusing, code in ((bucket(s3, secret="wrong"), "not_allowed"), (bucket(s3, "elsewhere"), "no_bucket")):
        with pytest.raises(Permanent) as refused:
            await refusing.put("x", path)
        assert refused.value.code == code
    assert s3.refused == 1 and not s3.objects, "the signature was not checked"
    s3.failing = [503] * 9
    with pytest.raises(Temporary):
        await bucket(s3).put("x", path)
    s3.failing = [500]  # once is no failure: the library asks again
    await bucket(s3).put("x", path)
    assert list(s3.objects) == ["/northwind/kept/x"]
    await s3.stop()
    for away in (bucket(s3).size("x"), bucket(s3).copy("x", tmp_path / "back"), bucket(s3).remove("x")):
        with pytest.raises(Temporary):
            await away
    await s3.start()


def settings(s3: SmallS3, **more: Any) -> Settings:
    keys = {"s3_endpoint_url": s3.url, "s3_region": REGION, "s3_access_key_id": KEY, "s3_secret_access_key": SECRET}
    return Settings(_env_file=None, **{**keys, **more})  # type: ignore[call-arg]


async def test_the_settings_choose(s3: SmallS3, tmp_path: Path) -> None:
    here = settings(s3, files_folder="s3://northwind/files", exports_folder=str(tmp_path / "copies"))
    sha256 = await files_of(here).add(b"logo")
    await exports_of(here).put("copy.zip", given(tmp_path, b"zip"))
    assert list(s3.objects) == [f"/northwind/files/{sha256[:2]}/{sha256}"]
    assert (tmp_path / "copies" / "copy.zip").read_bytes() == b"zip"
    for odd in ("gs://northwind", "s3://", "s3://a?b", "https://northwind.example/files"):
        with pytest.raises(ValueError, match="no place for files"):
            files_of(settings(s3, files_folder=odd))


async def test_the_doctor_writes_and_reads(s3: SmallS3, tmp_path: Path) -> None:
    here = settings(s3, files_folder="s3://northwind/files", exports_folder=str(tmp_path / "copies"))
    assert [each.ok for each in await outside.files(here)] == [True, True]
    assert not s3.objects and not list((tmp_path / "copies").iterdir()), "it leaves nothing behind"
    found = await outside.files(settings(s3, files_folder="s3://elsewhere/files", exports_folder="gs://x"))
    assert [each.ok for each in found] == [False, False]
    assert "not there" in found[0].what and "FILES_FOLDER" in found[0].what and "no place for files" in found[1].what
    wrong = settings(
        s3, files_folder="s3://northwind", s3_secret_access_key="quite wrong", exports_folder=str(tmp_path)
    )
    found = await outside.files(wrong)
    assert not found[0].ok and "S3_SECRET_ACCESS_KEY" in found[0].what and found[1].ok
    assert "quite wrong" in doctor.secrets_of(wrong)


async def test_a_full_disk_may_be_emptied(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "kept")
    (tmp_path / "kept").write_text("a file stands in its place")
    with pytest.raises(Failure) as refused:
        await folder.put("x", given(tmp_path, b"x"))
    assert isinstance(refused.value, Temporary) and refused.value.code == "disk"


async def test_python_never_holds_a_long_file(s3: SmallS3, tmp_path: Path) -> None:
    path = tmp_path / "given"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    folder = Folder(tmp_path / "kept")
    tracemalloc.start()
    await folder.put("long", path)
    assert await folder.copy("long", tmp_path / "back")
    async for _ in folder.read("long"):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6 * 1024 * 1024
