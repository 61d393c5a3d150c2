"""Roll-outs that were started here: a log of what a process did, kept beside the audit log.

What cameras were set to is in the hub's store, as versions with their answers; nothing of it is read from here.
"""

from django.db import models
from django.db.models import Q

from dashboard.runtime import now_ms

LOST_MS = 30_000  # after so long without a sign of life a roll-out's process is gone

WAITING, RUNNING, APPLIED, PARTLY, HALTED, STOPPED, LOST, FAILED = (
    "waiting", "running", "applied", "partly", "halted", "stopped", "lost", "failed",
)  # fmt: skip
OPEN = (WAITING, RUNNING)


class RolloutRecord(models.Model):
    """One roll-out: what is wanted of whom, how far it got, how it ended.

    | state     | what it says                                                           |
    |-----------|------------------------------------------------------------------------|
    | `waiting` | no process has taken it yet                                            |
    | `running` | a process carries it out, and says so in `beat_ms` each second         |
    | `applied` | all cameras have applied it                                            |
    | `partly`  | the first has, not all of the others                                   |
    | `halted`  | the first didn't, so nothing was sent to the others                    |
    | `stopped` | somebody stopped it                                                    |
    | `lost`    | its process ended in the middle of it; `progress` says how far it was  |
    | `failed`  | it could not be carried out; `problem` says why                        |
    """

    template = models.CharField(max_length=40)  # "" where settings and cameras were chosen for it
    fields = models.JSONField()
    cameras = models.JSONField()  # the first one goes ahead
    patience_s = models.IntegerField()
    by = models.CharField(max_length=64)
    at_ms = models.BigIntegerField(default=now_ms)
    beat_ms = models.BigIntegerField(default=now_ms)
    ended_ms = models.BigIntegerField(default=0)
    state = models.CharField(max_length=12, default=WAITING, db_index=True)
    stop = models.BooleanField(default=False)  # somebody asked for its end
    progress = models.JSONField(default=list)  # device, stage, version, message of each camera
    problem = models.CharField(max_length=500, blank=True)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @classmethod
    def take(cls) -> "RolloutRecord | None":
        """The oldest that waits, now ours; another process can't have it any more."""
        for found in cls.objects.filter(state=WAITING).order_by("id"):
            if cls.objects.filter(pk=found.pk, state=WAITING).update(state=RUNNING, beat_ms=now_ms()):
                found.refresh_from_db()
                return found
        return None

    @classmethod
    def find_lost(cls) -> int:
        """Give those an end whose process is gone; how many they are."""
        silent = Q(state=RUNNING, beat_ms__lt=now_ms() - LOST_MS)
        return cls.objects.filter(silent).update(state=LOST, ended_ms=now_ms())

    def beat(self, progress: list[dict[str, object]]) -> bool:
        """Say how it stands; False when somebody wants it to end."""
        self.progress = progress
        RolloutRecord.objects.filter(pk=self.pk).update(progress=progress, beat_ms=now_ms())
        return not RolloutRecord.objects.filter(pk=self.pk, stop=True).exists()

    def end(self, state: str, problem: str = "") -> None:
        self.state, self.problem, self.ended_ms = state, problem[:500], now_ms()
        self.save(update_fields=["state", "problem", "ended_ms", "progress"])
