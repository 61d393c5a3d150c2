"""What the frame of every page shows."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dashboard.rights import Right, granted
from dashboard.runtime import current

# name of the view, icon, words, right
MENU = (
    ("today", "today", _("Today"), Right.SEE_PEOPLE),
    ("attendance", "calendar", _("Attendance"), Right.SEE_PEOPLE),
    ("people", "people", _("People"), Right.SEE_PEOPLE),
    ("unknown", "person-question", _("Unknown"), Right.SEE_PEOPLE),
    ("devices", "camera", _("Cameras"), Right.DEVICES),
    ("system", "pulse", _("System"), Right.SYSTEM),
    ("settings", "sliders", _("Settings"), Right.ADMIN),
)

PART_OF = {"accounts": "settings", "audit": "settings", "sighting": "people"}


def page(request: HttpRequest) -> dict[str, object]:
    match = getattr(request, "resolver_match", None)
    here = (match.url_name or "") if match else ""
    user = getattr(request, "user", None)
    entries = [entry for entry in MENU if user is not None and granted(user, entry[3])]
    section = here.split("-")[0]
    return {"menu": entries, "here": PART_OF.get(section, section), "site_name": current().settings.site}
