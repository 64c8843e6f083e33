"""The three ways in which the sandbox says no: to the bot, to a person, to a test that looks for what is not there."""

from typing import Any


class SlackError(Exception):
    """An API call answered with `ok: false`: Slack's error name and what else the body carries."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    def body(self) -> dict[str, Any]:
        """The JSON body that Slack would answer with."""
        return {"ok": False, "error": self.error, **self.more}


def bad_arguments(*messages: str) -> SlackError:
    """`invalid_arguments` with the messages that Slack puts in response_metadata."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {line}" for line in messages]})


class NotPossible(Exception):
    """A person tried what Slack does not offer them; the text is the sentence that they would read."""


class NotSeen(LookupError):
    """Nobody could press or fill this: it is not on this person's screen. The text lists what is."""
