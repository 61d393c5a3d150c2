"""How the whole is doing, and the site's settings."""

import os
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import tomli_w
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit import log
from dashboard.audit.models import Entry
from dashboard.live.hall import hall
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current
from dashboard.system import cloud, stats
from dashboard.system.forms import EDITABLE, SettingsForm
from hub import settings as hub_settings
from hub.errors import PresenzaError, SettingsError
from hub.live_settings import AT_START
from hub.live_settings import in_force as hub_in_force
from hub.payloads import Stats

ENTRIES = 100


@needs(Right.SYSTEM)
@require_GET
def system(request: HttpRequest) -> HttpResponse:
    runtime = current()
    hub = stats.hub_stats(runtime)
    context = {
        "hub": hub,
        "hub_status": hall.feed.hub,
        "stages": sorted(hub.ms.items()) if hub else [],
        "gauges": stats.gauges(hub) if hub else [],
        "counts": stats.numbers(hub.counts) if hub else [],
        "figures": sorted(stats.dashboard_figures(runtime).items()),
        "store": stats.store_figures(runtime),
        "cloud": cloud.cloud(runtime),
        "connected": runtime.line.connected,
        "kind": runtime.settings.store,
    }
    template = "system/_figures.html" if request.htmx else "system/system.html"
    return render(request, template, context)


@needs(Right.ADMIN)
@require_POST
def retry_cloud(request: HttpRequest) -> HttpResponse:
    """Try once more to send what was set aside, and don't wait out a pause."""
    revived = cloud.retry(current())
    log.record(request, "cloud_retried", "", str(revived))
    messages.success(request, _("It is tried again now."))
    return redirect("system")


@needs(Right.SYSTEM)
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus; also with a token in the Authorization header."""
    return HttpResponse(stats.prometheus(current()), content_type="text/plain; version=0.0.4; charset=utf-8")


metrics.by_token = True


@needs(Right.ANYBODY)
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether this process can do its work. It says nothing of what it knows."""
    runtime = current()
    try:
        runtime.store.people_revision()
        store = True
    except PresenzaError:
        store = False
    parts = {"store": store, "broker": runtime.line.connected}
    ok = all(parts.values())
    return JsonResponse({"ok": ok, **parts, **_cloud(runtime)}, status=200 if ok else 503)


def _cloud(runtime: Runtime) -> dict[str, bool]:
    """Whether the cloud gets what it shall. Attendance is taken without it, so this is no part of `ok`."""
    try:
        state = cloud.cloud(runtime).state
    except PresenzaError:
        return {}
    return {} if state == "unused" else {"cloud": state in ("well", "late")}


def _fixed() -> frozenset[str]:
    """The editable settings that the environment decides."""
    return frozenset(name for name in EDITABLE if f"{hub_settings.PREFIX}{name.upper()}" in os.environ)


@needs(Right.ADMIN)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    runtime = current()
    runtime.refresh_settings()
    fixed = _fixed()
    initial = {name: getattr(runtime.settings, name) for name in EDITABLE}
    form = SettingsForm(request.POST or None, initial=initial, fixed=fixed)
    if request.method == "POST" and form.is_valid():
        try:
            changed = form.changed(fixed)
            _save(runtime, changed)
        except SettingsError as error:
            form.add_error(None, str(error))
        else:
            log.record(request, "settings_changed", ", ".join(sorted(changed)), str(changed))
            messages.success(request, _("Saved."))
            return redirect("settings")
    saved = hub_in_force(runtime.settings)
    hub = stats.hub_stats(runtime)
    context = {
        "form": form,
        "zones": sorted(available_timezones()),
        "site": runtime.settings.site,
        "known": hub is not None,
        "differs": [(form.fields[name].label, *each) for name, each in differences(saved, hub).items()],
    }
    if request.htmx:
        return render(request, "system/_in_force.html", context)
    return render(request, "system/settings.html", context, status=422 if form.errors else 200)


def differences(saved: dict[str, str], hub: Stats | None) -> dict[str, tuple[str, str, bool]]:
    """Where the hub has something else in force than what is saved: (saved, in force, whether it needs a start)."""
    told = hub.in_force if hub else {}
    return {
        name: (value, told[name], name in AT_START)
        for name, value in saved.items()
        if name in told and told[name] != value
    }


def _save(runtime: Runtime, changed: dict[str, Any]) -> None:
    """Write presenza.toml, whole or not at all. Raises SettingsError for what the settings refuse."""
    path = runtime.settings.data_dir / hub_settings.TOML_NAME
    try:
        before = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        before = {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}") from None
    after = {**before, **changed}
    hub_settings.load({}, data_dir=runtime.settings.data_dir, **{name: after[name] for name in changed})
    _replace(path, tomli_w.dumps(after))
    runtime.refresh_settings()


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


@needs(Right.ADMIN)
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """Who saw and changed what."""
    entries = Entry.objects.order_by("-id")
    chosen = {name: request.GET.get(name, "").strip()[:100] for name in ("username", "action", "target")}
    for name, value in chosen.items():
        if value:
            entries = entries.filter(**{f"{name}__icontains": value})
    page = Paginator(entries, ENTRIES).get_page(request.GET.get("page"))
    return render(request, "audit/list.html", {"page": page, "chosen": chosen})
