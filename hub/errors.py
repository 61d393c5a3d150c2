"""Every error that Presenza raises on purpose. The peer's fault and ours are told apart."""


class PresenzaError(Exception):
    """Something went wrong."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class InputError(PresenzaError):
    """What came from outside is not acceptable; nothing was changed."""

    exit_code = 2

    def __init__(self, reason: str, message: str = "") -> None:
        """`reason` is a short fixed word for counters; `message` a sentence for a person."""
        super().__init__(message or reason.replace("_", " "))
        self.reason = reason

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str]]:
        # Errors travel from worker processes by pickle, which would call __init__ with the message alone.
        return type(self), (self.reason, str(self))


class ChunkRefused(InputError):
    """A frame chunk that breaks the wire contract."""


class PayloadRefused(InputError):
    """A JSON payload that breaks the wire contract."""


class InvalidImage(InputError):
    """A picture that can't be decoded, or is over the limits."""


class EnrolmentRefused(InputError):
    """A person or a photo that can't be enrolled."""


class SettingsError(PresenzaError):
    """A setting has a bad value."""

    exit_code = 2


class NotFound(PresenzaError):
    """There is no such thing."""

    exit_code = 3


class Conflict(PresenzaError):
    """It exists already."""

    exit_code = 4


class Busy(PresenzaError):
    """Another process holds what is needed (a data folder, a port)."""

    exit_code = 5


class Unavailable(PresenzaError):
    """A peer (broker, hub, store) can't be reached."""

    exit_code = 6


class WorkerFailed(PresenzaError):
    """A recognition worker died or hung over this picture."""


class StoreCorrupt(PresenzaError):
    """The store's files are damaged or were written by a newer version."""


class KeyMissing(StoreCorrupt):
    """The key that something is sealed under is missing."""


class SealBroken(StoreCorrupt):
    """Sealed bytes are damaged, or belong to something else."""
