"""Faults on demand: calls that fail, are slow or lost; deliveries that are late, doubled, out of order or lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from bot.sandbox.slack.state import Json


@dataclass
class CallFault:
    """What happens to the next `times` calls of a method ("*" for any)."""

    method: str
    kind: Literal["limit", "status", "error", "lost_before", "lost_after", "slow"]
    times: int
    status: int = 500
    error: str = ""
    seconds: float = 0.0


@dataclass
class DeliveryFault:
    """What happens to the next `times` deliveries of an event type ("*" for any)."""

    event: str
    kind: Literal["drop", "delay", "duplicate", "another_id", "reorder"]
    times: int
    seconds: float = 0.0
    copies: int = 1
    held: list[Json] = field(default_factory=list)


class Faults:
    """Each fault is set for a number of times and then used up; `clear()` ends them all."""

    def __init__(self) -> None:
        self.calls: list[CallFault] = []
        self.deliveries: list[DeliveryFault] = []
        self.on_release: Callable[[list[Json]], None] = lambda bodies: None
        self.on_drop_sockets: Callable[[], None] = lambda: None
        self.on_revoke: Callable[[], None] = lambda: None
        self.on_restrict: Callable[[bool], None] = lambda may_press: None
        self.on_new_channel_id: Callable[[str], str] = lambda channel: channel

    # Calls of the Web API

    def rate_limit(self, method: str, times: int = 1, retry_after: float = 1) -> None:
        """Answer 429 with Retry-After; nothing is done."""
        self.calls.append(CallFault(method, "limit", times, seconds=retry_after))

    def server_error(self, method: str, times: int = 1, status: int = 500) -> None:
        """Answer with a server error; nothing is done."""
        self.calls.append(CallFault(method, "status", times, status=status))

    def error(self, method: str, error: str, times: int = 1) -> None:
        """Answer `ok: false` with this error; nothing is done."""
        self.calls.append(CallFault(method, "error", times, error=error))

    def lose(self, method: str, times: int = 1, *, after: bool = False) -> None:
        """Break the connection without an answer: before the effect, or after it, when the caller cannot know."""
        self.calls.append(CallFault(method, "lost_after" if after else "lost_before", times))

    def slow(self, method: str, seconds: float, times: int = 1) -> None:
        """Wait before anything is done."""
        self.calls.append(CallFault(method, "slow", times, seconds=seconds))

    def take_call(self, method: str) -> CallFault | None:
        """The fault for this call, if there is one; it is used up once."""
        for fault in self.calls:
            if fault.method in (method, "*") and fault.times > 0:
                fault.times -= 1
                self.calls = [one for one in self.calls if one.times > 0]
                return fault
        return None

    # Deliveries to the bot

    def drop(self, event: str = "*", times: int = 1) -> None:
        """Never deliver."""
        self.deliveries.append(DeliveryFault(event, "drop", times))

    def delay(self, event: str = "*", seconds: float = 1.0, times: int = 1) -> None:
        """Deliver later."""
        self.deliveries.append(DeliveryFault(event, "delay", times, seconds=seconds))

    def duplicate(self, event: str = "*", times: int = 1, copies: int = 1) -> None:
        """Deliver again, under the same event_id."""
        self.deliveries.append(DeliveryFault(event, "duplicate", times, copies=copies))

    def another_id(self, event: str = "*", times: int = 1, copies: int = 1) -> None:
        """Deliver again under another event_id and without retry headers, as Slack has been seen to do."""
        self.deliveries.append(DeliveryFault(event, "another_id", times, copies=copies))

    def reorder(self, event: str = "*", count: int = 2) -> None:
        """Hold so many deliveries back, then send them last first."""
        self.deliveries.append(DeliveryFault(event, "reorder", count))

    def take_delivery(self, event: str) -> DeliveryFault | None:
        """The fault for this delivery, if there is one; it is used up once."""
        for fault in self.deliveries:
            if fault.event in (event, "*") and fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self.deliveries.remove(fault)
                return fault
        return None

    # The rest of the world

    def drop_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self.on_drop_sockets()

    def revoke_token(self) -> None:
        """The token stops working and the bot is told by tokens_revoked."""
        self.on_revoke()

    def restrict_outsiders(self, *, may_press: bool = False) -> None:
        """People of other workspaces may only post; with `may_press` they still press buttons. Undone by clear()."""
        self.on_restrict(may_press)

    def new_channel_id(self, channel: str) -> str:
        """Give a channel another id, as Slack does when some are first shared; the bot hears channel_id_changed."""
        return self.on_new_channel_id(channel)

    def clear(self) -> None:
        """End all faults; deliveries held back are sent in their order; outsiders may press again."""
        held = [body for fault in self.deliveries for body in fault.held]
        self.calls, self.deliveries = [], []
        self.on_restrict(True)
        if held:
            self.on_release(held)
