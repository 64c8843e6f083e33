"""Files that are shared in a channel are kept whole, from Slack's hosts only; what cannot be had is listed with the reason."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.gateways.store import Folder, place_of
from core import clock
from core.conversations import Attachment
from tests.stories.scene import CLIENT, Scene


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILES_FOLDER", str(tmp_path / "files"))
    return tmp_path / "files"


async def _files(scene: Scene) -> dict[str, Attachment]:
    async with scene.database() as (session, _):
        return {one.name: one for one in (await session.execute(select(Attachment))).scalars()}


async def test_a_file_from_either_side_is_kept_once_with_its_hash(scene: Scene, folder: Path) -> None:
    drawing = b"<svg>" + b"x" * 100_000
    await scene.slack.uploads("clara", CLIENT, "logo.svg", drawing)
    await scene.slack.uploads("ada", CLIENT, "the same.svg", drawing)
    await scene.slack.uploads("ada", CLIENT, "brief.txt", "Two columns")
    await scene.calm()
    kept = await _files(scene)
    assert set(kept) == {"logo.svg", "the same.svg", "brief.txt"}, "a file of a shared channel came without its name"
    assert kept["logo.svg"].sha256 == kept["the same.svg"].sha256 == hashlib.sha256(drawing).hexdigest()
    assert Folder(folder).path(place_of(kept["logo.svg"].sha256 or "")).read_bytes() == drawing
    assert Folder(folder).path(place_of(kept["brief.txt"].sha256 or "")).read_bytes() == b"Two columns"
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2
    assert all(one.trouble == "" and one.fetched_at for one in kept.values())


async def test_what_is_too_large_or_lies_elsewhere_is_listed_with_the_reason(scene: Scene, folder: Path) -> None:
    now = int(clock.now().timestamp())
    files = [
        {"id": "F0FAR", "name": "far.txt", "size": 5, "url_private": "https://elsewhere.example/far.txt"},
        {
            "id": "F0BIG",
            "name": "big.mov",
            "size": 10**12,
            "url_private": f"{scene.here.sandbox.url}/slack/files/big.mov",
        },
        {
            "id": "F0GONE",
            "name": "gone.txt",
            "size": 5,
            "url_private": f"{scene.here.sandbox.url}/slack/files/gone.txt",
        },
    ]
    event = {
        "type": "message",
        "subtype": "file_share",
        "channel": scene.channel("northwind"),
        "user": scene.id("clara"),
        "files": files,
    }
    assert await scene.delivers(scene.event({**event, "ts": f"{now}.000100", "text": "Three files"})) == 200
    await scene.calm()
    troubles = {name: one.trouble for name, one in (await _files(scene)).items()}
    assert troubles == {"far.txt": "host_not_allowed", "big.mov": "too_large", "gone.txt": "http_404"}
    assert not list(folder.rglob("*")) and await scene.buried() == []
