"""The manifest: every file of an export with its size and SHA-256, for people (`sha256sum -c SHA256SUMS`) and for programs."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(folder: Path, about: Mapping[str, Any]) -> int:
    """Write both lists beside what they list; returns how many files there are. `about` says of what this is a copy."""
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (MANIFEST, SUMS))
    listed = [
        {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": sha256(path)}
        for path in found
    ]
    (folder / MANIFEST).write_text(
        json.dumps({"format": 1, **about, "files": listed}, indent=2, ensure_ascii=False) + "\n"
    )
    sums = [f"{each['sha256']}  {each['path']}" for each in listed] + [f"{sha256(folder / MANIFEST)}  {MANIFEST}"]
    (folder / SUMS).write_text("\n".join(sums) + "\n")
    return len(listed)


def pack(folder: Path, target: Path) -> str:
    """Put the folder into a zip, under its own name, and return the zip's SHA-256. It stands there whole or not at all."""
    half = target.with_suffix(".part")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            stored = path.suffix.lower() in (".pdf", ".png", ".jpg", ".jpeg", ".zip", ".mp4", ".gz")
            archive.write(
                path,
                f"{folder.name}/{path.relative_to(folder).as_posix()}",
                compress_type=zipfile.ZIP_STORED if stored else None,
            )
    half.replace(target)
    return sha256(target)
