"""Finding what was said: the line that is asked, the messages that fit, and which of their words to mark."""

from core.search.asking import Asked, read
from core.search.finding import REACH, Found, Hit, find
from core.search.marking import Piece

__all__ = ["REACH", "Asked", "Found", "Hit", "Piece", "find", "read"]
