"""Which status may follow which: a table at the top of each noun's file, and the one gate that every change passes."""

from collections.abc import Mapping

from sqlalchemy import CheckConstraint

from core.errors import Conflict


class Lifecycle:
    """The statuses of a noun and the moves between them.

    `moves` maps each status to those that may follow it; `noun` is how a refusal names the thing ("This proposal").
    """

    def __init__(self, noun: str, moves: Mapping[str, tuple[str, ...]]) -> None:
        self.noun = noun
        self.moves = dict(moves)
        unknown = {after for follow in moves.values() for after in follow} - set(moves)
        if unknown:
            raise ValueError(f"{noun}: moves lead to statuses that are not in the table: {sorted(unknown)}")

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status, in the order of the table."""
        return tuple(self.moves)

    def may(self, before: str, after: str) -> bool:
        """Whether `after` may follow `before`."""
        return after in self.moves[before]

    def move(self, before: str, after: str) -> str:
        """`after`, if it may follow `before`; else Conflict with a sentence that says where the thing stands."""
        if not self.may(before, after):
            raise Conflict(f"{self.noun} is {_words(before)}, so it cannot become {_words(after)} now.")
        return after

    def check(self, column: str = "status") -> CheckConstraint:
        """The CHECK constraint that holds the column to the table's statuses."""
        values = ", ".join(f"'{status}'" for status in self.statuses)
        return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def _words(status: str) -> str:
    return status.replace("_", " ")
