"""What outcomes, reasons and states are called in front of people."""

from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

OUTCOMES = {
    "recognized": _("Recognized"),
    "already_marked": _("Seen again"),
    "spoof": _("Looks like a picture"),
    "uncertain": _("Not certain"),
    "unknown": _("Unknown"),
    "low_quality": _("Not clear enough"),
    "no_face": _("Nobody in sight"),
    "busy": _("Not looked at"),
    "invalid": _("Not a picture"),
    "error": _("Error"),
}
OUTCOME_ICONS = {
    "recognized": "check",
    "already_marked": "repeat",
    "spoof": "mask",
    "uncertain": "question",
    "unknown": "person-question",
    "low_quality": "blur",
    "no_face": "empty",
    "busy": "clock",
    "invalid": "cross",
    "error": "warning",
}
NAMED = ("recognized", "already_marked", "uncertain")
VERY = 30.0  # times surer than it has to be
MILLION = 1_000_000
STATUSES = {
    "present": _("Present"),
    "late": _("Late"),
    "absent": _("Absent"),
    "excused": _("Excused"),
}
STATUS_ICONS = {"present": "check", "late": "clock", "absent": "cross", "excused": "note"}

# What a person can do about it: verdicts on frames and on enrolment photos.
REASONS = {
    "too_small": _("Come closer: the face is too small."),
    "blurred": _("Hold still: the face is blurred."),
    "too_dark": _("Find more light: the face is too dark."),
    "too_bright": _("Turn away from the bright light: the face is too bright."),
    "turned_away": _("Look straight into the camera."),
    "covered": _("Show the whole face, without cap, sunglasses or hands before it."),
    "no_face": _("There is no face in this picture."),
    "several_faces": _("There are several faces in this picture; use one that shows one person only."),
    "duplicate": _("This face is enrolled already under another name."),
    "left_out": _("Left out: it is the same person."),
    "not_in_zip": _("This photo isn't in the ZIP, or can't be read."),
    "missing": _("The picture wasn't found any more; send it again."),
    "not_found": _("The picture wasn't found any more; send it again."),
    "too_long": _("The picture is too large in bytes (10 MB at most)."),
    "too_large": _("The picture is too large in bytes (10 MB at most)."),
    "pixels": _("The picture has too many pixels (4096 × 4096 at most)."),
    "format": _("This isn't a picture that can be used; send a JPEG, PNG or WebP."),
    "decode": _("This picture is damaged."),
}
# Why the hub could not note that a face isn't somebody.
DENIALS = {
    "no_face": _("The face could not be found again in its picture."),
    "notfound": _("The picture isn't kept any more, so that nothing can be learned from it."),
    "nobody": _("This face was not taken for anybody."),
}
# The hub's gauges, in the order in which they are shown.
GAUGES = {
    "since_ms": _("Running since"),
    "people": _("People"),
    "enrolled": _("Of them with photos"),
    "devices_online": _("Cameras online"),
    "frames_waiting": _("Waiting pictures"),
    "bytes_waiting": _("Their size"),
    "photos_encoded": _("Photos encoded anew"),
    "photos_to_encode": _("Of so many photos"),
    "cloud_waiting": _("Cloud: documents"),
    "cloud_pictures": _("Cloud: pictures"),
    "cloud_dead": _("Cloud: set aside"),
    "cloud_conflicts": _("Cloud: conflicts"),
    "cloud_skipped": _("Cloud: not understood"),
}
# What was wrong with a line of an import.
PROBLEMS = {
    "taken": _("Somebody else has this number."),
    "namesake": _("Left out: somebody of this name and group is there already, and the line has no number."),
    "name": _("The name is missing, too long, or has line breaks in it."),
    "number": _("The number is too long, or has line breaks in it."),
    "group": _("The group's name is too long, or has line breaks in it."),
    "consent": _("Nobody is enrolled without consent."),
    "no_answer": _("Added, but the hub didn't answer: add the photos again later."),
    "failed": _("Something went wrong with this line; the log says more."),
}
# What keeps a person from being recognized as surely as others: hub.enrol.Lack.
LACKS = {
    "few_photos": _("Three photos are advised; the second helps most."),
    "same_photos": _(
        "The photos are nearly the same. Add one of another day, in other light, or with the head a little turned."
    ),
}
CHARTS = {
    "rssi_dbm": (_("Signal"), "dBm"),
    "heap_free": (_("Free memory"), "B"),
    "temperature_c": (_("Temperature"), "°C"),
    "frames_sent": (_("Sent between reports"), ""),
    "frames_acked": (_("Answered between reports"), ""),
    "frames_lost": (_("Lost between reports"), ""),
}
STAGES = {
    "queued": _("Its turn comes later"),
    "sent": _("Sent, no answer yet"),
    "proving": _("Applied; a picture is awaited"),
    "applied": _("Applied"),
    "refused": _("Refused by the camera"),
    "silent": _("Said nothing"),
    "broken": _("No picture came"),
    "settled": _("Was set so already"),
}
ROLLOUTS = {
    "waiting": _("Begins soon"),
    "running": _("Under way"),
    "applied": _("All have applied it"),
    "partly": _("Not all have applied it"),
    "halted": _("Halted at the first camera"),
    "stopped": _("Stopped by hand"),
    "lost": _("Broken off: the dashboard ended meanwhile"),
    "failed": _("Could not be carried out"),
}
CONFIGS = {
    "default": _("Defaults"),
    "waiting": _("On its way"),
    "applied": _("Applied"),
    "refused": _("Refused by the camera"),
    "differs": _("Something else is in force"),
}
CLOUDS = {
    "unused": _("Not used"),
    "left": _("Was left"),
    "paused": _("Paused"),
    "trouble": _("Out of reach"),
    "dead": _("Something can't be sent"),
    "late": _("Behind"),
    "well": _("Up to date"),
}
# What a roll-out says of a camera (hub/rollout.py).
ROLLOUT_MESSAGES = (
    _("it said nothing in time"),
    _("it gave no reason"),
    _("the hub can't read its pictures any more"),
    _("it applied this, but no picture of it came"),
    _("it is set so already"),
)
STATES = {"online": _("Online"), "sleeping": _("Sleeping"), "offline": _("Offline")}


def outcome(name: str) -> str:
    return gettext(OUTCOMES[name]) if name in OUTCOMES else name


def status(name: str) -> str:
    return gettext(STATUSES[name]) if name in STATUSES else name


def letter(name: str) -> str:
    """The first letter of a status."""
    return status(name)[:1].upper()


def reason(name: str | None) -> str:
    """A sentence for a reason; "" for none, and the bare word for one that isn't known here."""
    if not name:
        return ""
    return gettext(REASONS[name]) if name in REASONS else name.replace("_", " ")


def verdict(name: str | None, message: str | None) -> str:
    """A sentence for a verdict on a photo: ours where the reason is known, else the hub's."""
    return reason(name) if name in REASONS else message or reason(name)


def problem(name: str) -> str:
    return gettext(PROBLEMS[name]) if name in PROBLEMS else name.replace("_", " ")


def denial(name: str) -> str:
    """A sentence for why the hub refused a correction; "" for what isn't known here."""
    return gettext(DENIALS[name]) if name in DENIALS else ""


def lack(name: str) -> str:
    return gettext(LACKS[name]) if name in LACKS else name.replace("_", " ")


def certainty(outcome: str, score: float | None, fpir: float) -> str:
    """How sure a name is, in two words. `score` is the share of strangers who come as near to anybody."""
    if score is None or outcome not in NAMED:
        return ""
    if outcome == "uncertain":
        return gettext("Not certain")
    return gettext("Very sure") if score <= fpir / VERY else gettext("Sure")


def likelihood(outcome: str, score: float | None, fpir: float) -> str:
    """The same in a sentence that needs no statistics; "" where nobody was named."""
    if score is None or outcome not in NAMED:
        return ""
    if outcome == "uncertain" and score <= fpir:
        return gettext(
            "The face fits well, but it fits somebody else nearly as well, or was said not to be this person."
        )
    many = one_in(score)
    if many is None:
        return gettext("Of a million strangers, not one would be expected to look so much like somebody enrolled.")
    return gettext("Of %(n)s strangers, about one would look so much like somebody enrolled.") % {"n": many}


def one_in(score: float) -> str | None:
    """1 / score with one digit that says something: 40, 3,000."""
    if score < 1 / MILLION:
        return None
    count = max(2, round(1 / score))
    digits = 10 ** (len(str(count)) - 1)
    return number_format(count // digits * digits, use_l10n=True, force_grouping=True)


def state(name: str) -> str:
    return gettext(STATES[name]) if name in STATES else name


def stage(name: str) -> str:
    """Where a camera is in a roll-out."""
    return gettext(STAGES[name]) if name in STAGES else name


def rollout(name: str) -> str:
    return gettext(ROLLOUTS[name]) if name in ROLLOUTS else name


def config_state(name: str) -> str:
    return gettext(CONFIGS[name]) if name in CONFIGS else name


def rollout_message(text: str) -> str:
    """Ours in the reader's language; a camera's own words as they are."""
    return gettext(text) if text in ROLLOUT_MESSAGES else text


def cloud(state: str) -> str:
    """How it stands with the cloud."""
    return gettext(CLOUDS[state]) if state in CLOUDS else state


def figure(name: str) -> str:
    """A gauge in the reader's language; any other counter by its name: chunks_refused.crc32 → chunks refused: crc32."""
    if name in GAUGES:
        return gettext(GAUGES[name])
    base, _, reason = name.partition(".")
    return base.replace("_", " ") + (f": {reason.replace('_', ' ')}" if reason else "")
