"""Commands to a camera: what is still to be done, and what was answered before. Pure."""

from hub.errors import PayloadRefused
from hub.payloads import Command, CommandAnswer, decode

REMEMBERED = 32


class Answers:
    """Each command is done once: a message that the broker delivers again gets the same answer again."""

    def __init__(self) -> None:
        self._answers: dict[str, CommandAnswer] = {}

    def known(self, command: Command) -> CommandAnswer | None:
        return self._answers.get(command.id)

    def add(self, answer: CommandAnswer) -> CommandAnswer:
        self._answers[answer.id] = answer
        if len(self._answers) > REMEMBERED:
            del self._answers[next(iter(self._answers))]
        return answer


def read(payload: bytes) -> Command | None:
    """A command; None for what breaks the contract, which nobody can be answered for."""
    try:
        return decode(Command, payload)
    except PayloadRefused:
        return None


def is_stale(command: Command, now_ms: float, *, clock_set: bool) -> bool:
    """Whether its time is over. A camera that doesn't know the time trusts the broker's expiry."""
    return clock_set and command.not_after_ms is not None and now_ms > command.not_after_ms
