"""Pages of roll-outs: they write down what is wanted, and show what the record says of it."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit import log
from dashboard.devices import models
from dashboard.devices.config_views import cameras_of, template_or_404
from dashboard.devices.forms import ChosenForm, RolloutForm
from dashboard.devices.models import RolloutRecord
from dashboard.rights import Right, needs
from dashboard.runtime import current, now_ms

UNDER_WAY = _("Another roll-out is under way; wait for its end, or stop it.")


@needs(Right.DEVICES)
@require_POST
def begin(request: HttpRequest, template: str) -> HttpResponse:
    """Have a template brought to its cameras: one goes ahead."""
    runtime = current()
    found = template_or_404(runtime, template)
    known = set(cameras_of(runtime))
    cameras = [each for each in found.cameras if each in known]
    form = RolloutForm(request.POST, cameras=cameras)
    if not found.config or not form.is_valid():
        messages.error(request, _("Nothing begins: the template needs settings, and cameras that follow it."))
        return redirect("devices-template", template)
    if _is_one_open():
        messages.error(request, UNDER_WAY)
        return redirect("devices-template", template)
    first = form.cleaned_data["first"]
    ordered = sorted(cameras, key=lambda device: (device != first, device))
    return _begun(request, template, found.config, ordered, form.cleaned_data["patience_s"])


@needs(Right.DEVICES)
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Have settings that are chosen here brought to cameras that are chosen here."""
    form = ChosenForm(request.POST or None, cameras=cameras_of(current()))
    if request.method == "POST" and form.is_valid():
        if not _is_one_open():
            return _begun(request, "", form.config(), form.ordered(), form.cleaned_data["patience_s"])
        form.add_error(None, UNDER_WAY)
    return render(request, "devices/rollout_add.html", {"form": form}, status=422 if form.errors else 200)


def _is_one_open() -> bool:
    return RolloutRecord.objects.filter(state__in=models.OPEN).exists()


def _begun(
    request: HttpRequest, template: str, fields: Mapping[str, object], cameras: list[str], patience_s: int
) -> HttpResponse:
    record = RolloutRecord.objects.create(
        template=template, fields=dict(fields), cameras=cameras, patience_s=patience_s, by=request.user.username
    )
    log.record(request, "rollout_begun", template or ", ".join(record.fields), ", ".join(cameras))
    current().line.rollout_waits()
    return redirect("devices-rollout", record.pk)


def _record(pk: int) -> RolloutRecord:
    RolloutRecord.find_lost()
    found = RolloutRecord.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(Right.DEVICES)
@require_GET
def rollout(request: HttpRequest, pk: int) -> HttpResponse:
    """How it stands; the fragment of it asks again each second until the end."""
    record = _record(pk)
    rows = record.progress or [{"device": each, "stage": "queued", "version": 0} for each in record.cameras]
    applied = sum(row["stage"] in ("applied", "settled") for row in rows)
    context = {"rollout": record, "rows": rows, "applied": applied, "connected": current().line.connected}
    return render(request, "devices/_rollout.html" if request.htmx else "devices/rollout.html", context)


@needs(Right.DEVICES)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing more. What was sent already stays with the cameras."""
    record = _record(pk)
    RolloutRecord.objects.filter(pk=pk, state=models.RUNNING).update(stop=True)
    RolloutRecord.objects.filter(pk=pk, state=models.WAITING).update(state=models.STOPPED, ended_ms=now_ms())
    log.record(request, "rollout_stopped", record.template, str(pk))
    return redirect("devices-rollout", pk)
