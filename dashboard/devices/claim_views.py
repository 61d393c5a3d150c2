"""One-time codes: a camera without an identity becomes one of this site's by a code that is shown once."""

import time
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

import broker
from dashboard.audit import log
from dashboard.devices.forms import ClaimForm, NewCameraForm
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from hub.errors import PresenzaError

# device → when its code ends, whether it had an identity before, whether it was claimed, what is noted of it
SESSION = "invitations"
KEPT = 20  # invitations that a session remembers


@needs(Right.ADD_DEVICES)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Make a code for a camera, and show it this once."""
    form = ClaimForm(request.POST, auto_id="claim_%s")
    runtime = current()
    code = ""
    if form.is_valid():
        device, note = form.cleaned_data["device"], form.cleaned_data["note"]
        try:
            with broker.Admin(runtime.settings) as admin:
                known = device in {each.device for each in admin.list()}
                code = admin.invite(device, note)
        except PresenzaError as error:
            form.add_error("device", str(error))
    if not code:
        return render(request, "devices/add.html", {"form": NewCameraForm(), "claim_form": form}, status=422)
    log.record(request, "camera_invited", device)
    ends_s = broker.code_open_until(runtime.settings, device, time.time()) or 0.0
    invited = request.session.get(SESSION, {})
    invited = dict(list(invited.items())[-KEPT:]) | {device: [ends_s, known, False, note]}
    request.session[SESSION] = invited
    return render(request, "devices/claim.html", {"code": code, **_state(request, runtime, device)})


@needs(Right.ADD_DEVICES)
@require_GET
def claim(request: HttpRequest, device: str) -> HttpResponse:
    """What became of an invitation of this session; the code itself is never shown again."""
    context = _state(request, current(), device)
    return render(request, "devices/_claim.html" if request.htmx else "devices/claim.html", context)


def _state(request: HttpRequest, runtime: Runtime, device: str) -> Mapping[str, Any]:
    """`waiting`, `claimed` or `expired`, and the seconds that are left."""
    invited = request.session.get(SESSION, {})
    if device not in invited:
        raise Http404
    ends_s, known, claimed, note = invited[device]
    now_s = time.time()
    open_until = broker.code_open_until(runtime.settings, device, now_s)
    if not claimed and open_until is not None:  # ours, or a newer one, which made ours void
        state = "waiting" if open_until == ends_s else "expired"
        return {"device": device, "state": state, "left_s": max(1, round(ends_s - now_s)), "note": note}
    # A code that went before its end was used. Afterwards an identity that wasn't there before tells it.
    if not claimed and (now_s < ends_s or (not known and _has_identity(runtime, device))):
        request.session[SESSION] = invited | {device: [ends_s, known, True, note]}
        claimed = True
    return {"device": device, "state": "claimed" if claimed else "expired", "left_s": 0, "note": note}


def _has_identity(runtime: Runtime, device: str) -> bool:
    try:
        with broker.Admin(runtime.settings) as admin:
            return device in {each.device for each in admin.list()}
    except PresenzaError:
        return False
