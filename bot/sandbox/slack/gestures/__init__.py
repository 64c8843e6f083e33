"""What people do in Slack, and through which tests and the page act: they talk, press, fill in forms, come and go."""

from bot.sandbox.slack.gestures.forms import Forms
from bot.sandbox.slack.gestures.outcome import Ack, Outcome
from bot.sandbox.slack.gestures.places import Places
from bot.sandbox.slack.gestures.pressing import Pressing
from bot.sandbox.slack.gestures.reading import Reading
from bot.sandbox.slack.gestures.talking import Talking

__all__ = ["Ack", "Forms", "Outcome", "Places", "Pressing", "Reading", "Talking"]
