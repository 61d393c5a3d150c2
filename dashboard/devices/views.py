"""Cameras: how they are, what they are told, who they are."""

import base64
import json
from contextlib import suppress
from typing import Any

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

import broker
from dashboard.audit import log
from dashboard.devices import cards, charts, commands
from dashboard.devices.forms import WORDS, ClaimForm, ConfigForm, GroupsForm, NewCameraForm
from dashboard.live.feed import Camera
from dashboard.live.hall import hall
from dashboard.rights import Right, granted, needs
from dashboard.runtime import Runtime, current, now_ms
from hub import shadow, wire
from hub.errors import Conflict, InputError, NotFound, PresenzaError, Unavailable
from hub.model import Device
from hub.payloads import ConfigInForce, DeviceStatus, Telemetry
from hub.shadow import Reported

SPANS = {"day": 24 * 60, "week": 7 * 24 * 60}  # minutes
OPS = {
    "identify": _("The camera blinks."),
    "snapshot": _("The camera takes a picture."),
    "reboot": _("The camera starts anew."),
    "forget_frames": _("The camera forgets the pictures it kept."),
}


def _camera(runtime: Runtime, device: str) -> Camera:
    """What the line said of a camera; else what the store knows."""
    camera = hall.feed.cameras.get(device)
    if camera is not None and (camera.status or camera.telemetry):
        return camera
    state = next((each for each in runtime.store.device_states() if each.device == device), None)
    if state is None:
        return camera or Camera(device)
    return Camera(
        device,
        state.seen_ms,
        status=_valid(DeviceStatus, state.status),
        telemetry=_valid(Telemetry, state.telemetry),
        config=_valid(ConfigInForce, state.config),
    )


def _valid(kind: Any, value: Any) -> Any:
    try:
        return kind.model_validate_json(json.dumps(dict(value))) if value else None
    except ValueError:
        return None


def _known(runtime: Runtime, device: str) -> Device:
    found = next((each for each in runtime.store.devices() if each.device == device), None)
    if found is not None:
        return found
    if device in hall.feed.cameras or device in {each.device for each in runtime.store.device_states()}:
        return Device(device, 0)
    raise Http404


@needs(Right.DEVICES)
@require_GET
def devices(request: HttpRequest) -> HttpResponse:
    runtime = current()
    names = {each.device for each in runtime.store.devices()} | set(hall.feed.cameras)
    shown = [cards.card_context(_camera(runtime, name)) for name in sorted(names)]
    return render(request, "devices/list.html", {"cards": shown})


@needs(Right.DEVICES)
@require_GET
def device(request: HttpRequest, device: str) -> HttpResponse:
    return _device(request, device, None)


def _device(request: HttpRequest, name: str, form: ConfigForm | None, status: int = 200) -> HttpResponse:
    runtime = current()
    known, camera = _known(runtime, name), _camera(runtime, name)
    history = runtime.store.wanted_configs(name, limit=10)
    wanted = {**wire.default_config(), **(history[0].config if history else {})}
    in_force = dict(camera.config.config) if camera.config else {}
    reported = Reported.of(camera.config.model_dump() if camera.config else {})
    errors = shadow.problems_of(history[0] if history else None, reported)
    lines = [
        (
            WORDS.get(field, (field,))[0],
            wanted[field],
            in_force.get(field, ""),
            errors.get(field, ""),
        )
        for field in wire.CONFIG_FIELDS
    ]
    context = {
        "device": known,
        "form": form or ConfigForm(initial=wanted),
        "history": history,
        "lines": lines,
        "config_state": shadow.state_of(history[0] if history else None, reported),
        "other_errors": [each for each in errors.items() if each[0] not in wire.CONFIG_FIELDS],
        "has_picture": _has_picture(request, runtime, name),
        "groups_form": _groups_form(runtime, known),
        **_charts(request, runtime, name),
        "identity": _identity(runtime, name) if granted(request.user, Right.ADD_DEVICES) else "",
        **cards.card_context(camera),
    }
    return render(request, "devices/device.html", context, status=status)


def _charts(request: HttpRequest, runtime: Runtime, name: str) -> dict[str, Any]:
    """What the hub kept of the camera's reports, over a day or a week."""
    span = request.GET.get("span", "")
    span = span if span in SPANS else "day"
    now = now_ms() // 60_000
    readings = runtime.store.readings(name, now - SPANS[span], step=SPANS[span] // charts.BUCKETS)
    return {"span": span, "charts": charts.charts(readings, now - SPANS[span], now)}


def _has_picture(request: HttpRequest, runtime: Runtime, name: str) -> bool:
    """Whether there is one to show. It may lie in the cloud, which may be away; who can't see it isn't asked for."""
    if not granted(request.user, Right.SEE_PEOPLE) or request.user.sees is not None:
        return False
    try:
        runtime.pictures.changed_ms(f"last/{name}.jpg")
    except PresenzaError:
        return False
    return True


def _identity(runtime: Runtime, name: str) -> str:
    """`active`, `disabled`, `none`, or "" while the broker can't be asked."""
    try:
        with broker.Admin(runtime.settings) as admin:
            found = next((each for each in admin.list() if each.device == name), None)
    except (PresenzaError, OSError):
        return ""
    if found is None:
        return "none"
    return "disabled" if found.disabled else "active"


@needs(Right.DEVICES)
@require_POST
def serve_groups(request: HttpRequest, device: str) -> HttpResponse:
    """Say which groups of people a camera serves; the hub takes it over at once."""
    runtime = current()
    form = _groups_form(runtime, _known(runtime, device), request.POST)
    if not form.is_valid():
        messages.error(request, _("One of these groups isn't there any more; look again."))
        return redirect("devices-device", device)
    groups = form.cleaned_data["groups"]
    try:
        runtime.store.set_groups(device, groups)
    except NotFound as error:
        messages.error(request, str(error))
    else:
        log.record(request, "camera_groups", device, ", ".join(groups))
        messages.success(request, _("Done; it holds at once."))
    return redirect("devices-device", device)


def _groups_form(runtime: Runtime, device: Device, given: Any = None) -> GroupsForm:
    groups = sorted({*(each for each in runtime.store.groups() if each), *device.groups})
    return GroupsForm(given, groups=groups, initial={"groups": list(device.groups)}, auto_id="groups_%s")


@needs(Right.DEVICES)
@require_POST
def configure(request: HttpRequest, device: str) -> HttpResponse:
    """Want a configuration. Empty fields of the form can't be: each has a value."""
    runtime = current()
    _known(runtime, device)
    form = ConfigForm(request.POST)
    if not form.is_valid():
        return _device(request, device, form, status=422)
    return _want(request, device, form.config())


@needs(Right.DEVICES)
@require_POST
def restore(request: HttpRequest, device: str, version: int) -> HttpResponse:
    """Want again what was wanted before."""
    runtime = current()
    _known(runtime, device)
    found = next(
        (each for each in runtime.store.wanted_configs(device, limit=1_000_000) if each.version == version), None
    )
    if found is None:
        raise Http404
    return _want(request, device, dict(found.config), f"version {version}")


def _want(request: HttpRequest, device: str, config: dict[str, object], origin: str = "") -> HttpResponse:
    try:
        wanted = commands.want(current(), device, config, request.user.username, origin)
    except (Unavailable, Conflict) as error:
        messages.error(request, str(error))
        return redirect("devices-device", device)
    log.record(request, "config_wanted", device, f"version {wanted.version}")
    messages.success(request, _("Version %(n)d is on its way to the camera.") % {"n": wanted.version})
    return redirect("devices-device", device)


@needs(Right.DEVICES)
@require_POST
def command(request: HttpRequest, device: str, op: str) -> HttpResponse:
    _known(current(), device)
    if op not in OPS:
        raise Http404
    try:
        commands.send(current(), device, op)
    except Unavailable as error:
        messages.error(request, str(error))
    else:
        log.record(request, f"command_{op}", device)
        messages.success(request, _(OPS[op]))
    return redirect("devices-device", device)


@needs(Right.SEE_PEOPLE)
@require_GET
def last_frame(request: HttpRequest, device: str) -> HttpResponse:
    """A camera's last picture. It may show anybody, so only who may see everybody gets it."""
    if request.user.sees is not None or not wire.is_name(device):
        raise Http404
    log.record(request, "seen_picture", f"last of {device}")
    try:
        data = current().pictures.get(f"last/{device}.jpg")
    except PresenzaError:
        raise Http404 from None
    return HttpResponse(data, content_type="image/jpeg")


@needs(Right.ADD_DEVICES)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Give a camera an identity; its password is shown this once."""
    form = NewCameraForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, runtime = form.cleaned_data["device"], current()
        try:
            with broker.Admin(runtime.settings) as admin:
                password = admin.add_device(name)
            runtime.store.add_device(Device(name, now_ms(), form.cleaned_data["note"]))
        except Conflict:
            form.add_error("device", _("There is a camera of this name already."))
        except InputError as error:
            form.add_error("device", str(error))
        except PresenzaError as error:
            form.add_error(None, str(error))
        else:
            log.record(request, "camera_added", name)
            return _credentials(request, name, password)
    context = {"form": form, "claim_form": ClaimForm(auto_id="claim_%s")}
    return render(request, "devices/add.html", context, status=422 if form.errors else 200)


def _credentials(request: HttpRequest, name: str, password: str) -> HttpResponse:
    """What the camera needs to connect: to read, to download, and as a QR code."""
    node = broker.camera_credentials(current().settings, name, password)
    text = json.dumps(node, indent=2)
    compact = {key: value for key, value in node.items() if key != "ca"}  # a certificate is too long for a code
    context = {
        "node": node,
        "file": "data:application/json;base64," + base64.b64encode(text.encode()).decode(),
        "qr": segno.make(json.dumps(compact, separators=(",", ":")), error="m").svg_data_uri(border=2),
    }
    return render(request, "devices/credentials.html", context)


@needs(Right.ADD_DEVICES)
@require_POST
def identity(request: HttpRequest, device: str, act: str) -> HttpResponse:
    """rotate, disable, enable or revoke a camera's identity, at once."""
    runtime = current()
    _known(runtime, device)
    try:
        with broker.Admin(runtime.settings) as admin:
            if act == "rotate":
                password = admin.rotate(device)
                log.record(request, "camera_rotate", device)
                return _credentials(request, device, password)
            {"disable": admin.disable, "enable": admin.enable, "revoke": admin.remove}[act](device)
    except PresenzaError as error:
        messages.error(request, str(error))
    else:
        log.record(request, f"camera_{act}", device)
        messages.success(request, _("Done; it holds at once."))
    if act == "revoke":
        return _forget(runtime, device)
    return redirect("devices-device", device)


def _forget(runtime: Runtime, device: str) -> HttpResponse:
    with suppress(NotFound):  # it was never registered here
        runtime.store.remove_device(device)
    runtime.pictures.delete(f"last/{device}.jpg")
    runtime.line.forget_camera(device)
    return redirect("devices")
