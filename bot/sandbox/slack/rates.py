"""Slack's rate limits: so many calls of a method a minute for each workspace, and one message a second in a channel."""

import math
import time
from collections import defaultdict, deque

from bot.sandbox.slack.errors import SlackError

TIERS = {
    "1": (1, 60.0),
    "2": (20, 60.0),
    "3": (50, 60.0),
    "4": (100, 60.0),
    "special": (600, 60.0),
    "none": (10_000, 60.0),
}
POSTS_A_MINUTE = 300
BURST_IN_A_CHANNEL = 4  # a little faster than one a second passes: who paces exactly must not trip over a late packet


class RateLimited(SlackError):
    """Too many calls: HTTP 429 with Retry-After in whole seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("ratelimited")
        self.retry_after = max(1, math.ceil(retry_after))


class Rates:
    """Counts calls in sliding windows of real time. `scale` makes the windows shorter; 0 turns the limits off."""

    def __init__(self) -> None:
        self.scale = 1.0
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def reset(self) -> None:
        """Forget every call so far."""
        self._calls.clear()

    def count(self, team: str, method: str, tier: str) -> None:
        """Count a call of this method in this workspace. Raises RateLimited when the tier has no room."""
        most, window = TIERS[tier]
        self._take((team, method), most, window)

    def count_post(self, team: str, channel: str) -> None:
        """Count a message in this channel: one a second, with a burst of four, and 300 a minute in the workspace."""
        self._take((team, f"chat.postMessage {channel}"), BURST_IN_A_CHANNEL, 0.95 * BURST_IN_A_CHANNEL)
        self._take((team, "chat.postMessage"), POSTS_A_MINUTE, 60.0)

    def _take(self, key: tuple[str, str], most: int, window: float) -> None:
        now, window = time.monotonic(), window * self.scale
        if self.scale <= 0:
            return
        calls = self._calls[key]
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= most:
            raise RateLimited(calls[0] + window - now)
        calls.append(now)
