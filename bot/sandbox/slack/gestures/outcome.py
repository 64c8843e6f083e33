"""What came of a gesture, as the person who made it sees it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.slack.delivery import Answer
from bot.sandbox.slack.state import Json

TIMEOUT, FAILED, NONSENSE = "operation_timeout", "dispatch_failed", "invalid_response"


@dataclass
class Outcome:
    """The bot's acknowledgement.

    `error` is what Slack would show: operation_timeout after three seconds, dispatch_failed when the bot could not be
    reached or refused, invalid_response when its answer made no sense. `errors` are a form's complaints by block_id.
    """

    status: int | None = None
    error: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    url: str = ""
    screen: Callable[[], Json | None] = field(default=lambda: None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether all went well."""
        return not self.error and not self.errors

    @property
    def modal(self) -> Json | None:
        """The modal that is on the person's screen now; the bot may open one a moment after its acknowledgement."""
        return self.screen()


@dataclass
class Ack(Outcome):
    """What came of a slash command: also the message that the acknowledgement itself carried, if any."""

    message: Json | None = None

    @property
    def text(self) -> str:
        """The words of that message."""
        return str(self.message["text"]) if self.message else ""


def error_of(answer: Answer) -> str:
    """The error that Slack shows for this answer; empty when the bot acknowledged."""
    if answer.ok:
        return ""
    return TIMEOUT if answer.failure == "http_timeout" else FAILED
