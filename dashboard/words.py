"""What outcomes, reasons and states are called in front of people."""

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
    "missing": _("The picture wasn't found any more; send it again."),
    "not_found": _("The picture wasn't found any more; send it again."),
    "too_long": _("The picture is too large in bytes (10 MB at most)."),
    "too_large": _("The picture is too large in bytes (10 MB at most)."),
    "pixels": _("The picture has too many pixels (4096 × 4096 at most)."),
    "format": _("This isn't a picture that can be used; send a JPEG, PNG or WebP."),
    "decode": _("This picture is damaged."),
}
CHARTS = {
    "rssi_dbm": (_("Signal"), "dBm"),
    "heap_free": (_("Free memory"), "B"),
    "temperature_c": (_("Temperature"), "°C"),
    "frames_sent": (_("Sent between reports"), ""),
    "frames_acked": (_("Answered between reports"), ""),
    "frames_lost": (_("Lost between reports"), ""),
}
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


def state(name: str) -> str:
    return gettext(STATES[name]) if name in STATES else name
