"""What goes wrong outside: Temporary (try again), Unknown (look first: it may have happened), Permanent (give up)."""


class Failure(Exception):
    """A service did not do what it was asked. `code` is the service's own word for the reason, str() a sentence."""

    def __init__(self, service: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.service = service
        self.code = code
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.service}, {self.code}: {self.sentence})"


class Temporary(Failure):
    """It did not happen now and may later. `retry_after` is in seconds, where the service said how long to wait."""

    def __init__(self, service: str, code: str, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(service, code, sentence)
        self.retry_after = retry_after


class Unknown(Temporary):
    """The request was sent and its answer lost: it may have taken effect. Look for the effect before asking again."""


class Permanent(Failure):
    """Asking again will fail again, until a person changes something."""
