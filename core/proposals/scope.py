"""What a change of scope changes: the total and the day, before and after."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from core.money import Money
from core.proposals.documents import Document


@dataclass(frozen=True)
class Difference:
    """The total that was agreed and what it becomes, and the day by which all is done, before and after."""

    before: Money
    after: Money
    until_before: date | None
    until_after: date | None


def difference(document: Document, chosen: Collection[int] = ()) -> Difference | None:
    """What signing with these options would make of what was agreed before; None for what is no change of scope.

    All is done by the latest of the day that was agreed and the days of the new milestones.
    """
    if document.before is None:
        return None
    days = [point.due_on for point in document.milestones if point.due_on]
    days += [document.before.until] if document.before.until else []
    return Difference(
        document.before.total,
        document.before.total + document.sum(chosen).once,
        document.before.until,
        max(days, default=None),
    )
