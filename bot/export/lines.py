"""The export as data: JSON lines, one file a noun, every time with the reader's offset; made to be read by programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from core.conversations import Conversation
from core.events import Event
from core.export import Cover, Reader, Scope, Spoken
from core.export.business import plain, told

Json = dict[str, Any]

CONVERSATION = (
    "id",
    "number",
    "topic",
    "status",
    "subject",
    "subject_id",
    "channel_id",
    "thread_ts",
    "opened_at",
    "resolved_at",
)
"""What a conversation is in the client's copy; staff's has every column."""


def for_client(column: str) -> bool:
    """Whether a column of a conversation is in the client's copy."""
    return column in CONVERSATION


def for_staff(column: str) -> bool:
    """Whether a column is in staff's copy."""
    return column != "organization_id"


class Lines:
    """Writes `data/<noun>.jsonl`; each file exists, if only empty, so that whoever reads them need not guess."""

    def __init__(self, folder: Path, cover: Cover, scope: Scope) -> None:
        self._folder, self._scope = folder, scope
        self._zone = ZoneInfo(cover.timezone)
        self._open: dict[str, IO[bytes]] = {}
        folder.mkdir(parents=True)
        about = {
            key: value
            for key, value in vars(cover).items()
            if key not in ("people", "staff_channel_id", "locale", "gaps")
        }
        engagement = {key: told(value, self._zone) for key, value in about.items()}
        if cover.audience == "staff":
            ends = ("since", "until")
            engagement["gaps"] = [
                dict(zip(ends, [told(at, self._zone) for at in gap], strict=True)) for gap in cover.gaps
            ]
        (folder / "engagement.json").write_text(json.dumps(engagement, indent=2, ensure_ascii=False) + "\n")
        names = [
            "conversations",
            "messages",
            "reactions",
            "files",
            "proposals",
            "orders",
            "contracts",
            "projects",
            "moves",
        ]
        names += ["invoices", "people"] + (["revisions"] if scope.earlier else [])
        for name in names + (["events"] if scope.audience == "staff" else []):
            self._open[name] = (folder / f"{name}.jsonl").open("wb")
        for person in cover.people:
            self.write("people", vars(person))

    def write(self, name: str, row: Mapping[str, Any]) -> None:
        """One line."""
        line = json.dumps({key: told(value, self._zone) for key, value in row.items()}, ensure_ascii=False, default=str)
        self._open[name].write(line.encode("utf-8", "replace") + b"\n")

    def conversations(self, rows: Iterable[Conversation]) -> None:
        """Conversations."""
        client = self._scope.audience == "client"
        for row in rows:
            self.write("conversations", plain(row, self._zone, for_client if client else for_staff))

    def messages(self, found: Sequence[Spoken], hrefs: Mapping[object, str], reader: Reader) -> None:
        """Messages, and what belongs to them."""
        for one in found:
            row: Json = {
                "id": one.id,
                "conversation_id": one.conversation_id,
                "sent_at": one.sent_at,
                "author": one.author,
                "author_id": one.author_id,
                "author_ref": one.author_ref,
                "side": one.side,
                "text": one.text,
                "staff_only": one.staff_only,
                "kind": one.kind,
                "source": one.source,
                "source_ref": one.source_ref,
                "channel_id": one.channel_id,
                "ts": one.ts,
                "thread_ts": one.thread_ts,
                "edited_at": one.edited_at,
                "deleted_at": one.deleted_at,
                "erased_at": one.erased_at,
                "blocks": one.blocks,
            }
            if one.raw is not None:
                row["raw"] = one.raw
            self.write("messages", row)
            for past in one.earlier:
                self.write(
                    "revisions",
                    {"message_id": one.id, "edited_ts": past.edited_ts, "text": past.text, "blocks": past.blocks},
                )
            for emoji, accounts in one.reactions:
                for account in accounts:
                    self.write(
                        "reactions",
                        {"message_id": one.id, "emoji": emoji, "author_ref": account, "author": reader.name(account)},
                    )
            for file in one.files:
                self.write(
                    "files",
                    {
                        "message_id": one.id,
                        "id": file.id,
                        "file_ref": file.file_ref,
                        "name": file.name,
                        "mimetype": file.mimetype,
                        "size": file.size,
                        "path": hrefs.get(file.id),
                    },
                )

    def events(self, found: Sequence[Event]) -> None:
        """Events with the very bytes that were hashed: SHA-256 of prev_hash and body gives hash."""
        for event in found:
            row: dict[str, Any] = {"seq": event.seq, "at": event.at, "kind": event.kind, "body": event.body}
            self.write("events", {**row, "prev_hash": event.prev_hash, "hash": event.hash})

    def close(self) -> None:
        """Finish the files."""
        for file in self._open.values():
            file.close()
