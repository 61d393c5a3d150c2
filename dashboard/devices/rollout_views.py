"""Pages of roll-outs: they write down what is wanted, and show what the record says of it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dashboard.audit import log
from dashboard.devices import models
from dashboard.devices.config_views import cameras_of, template_or_404
from dashboard.devices.forms import RolloutForm
from dashboard.devices.models import RolloutRecord
from dashboard.rights import Right, needs
from dashboard.runtime import current, now_ms


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
    if RolloutRecord.objects.filter(state__in=models.OPEN).exists():
        messages.error(request, _("Another roll-out is under way; wait for its end, or stop it."))
        return redirect("devices-template", template)
    first = form.cleaned_data["first"]
    record = RolloutRecord.objects.create(
        template=template,
        fields=dict(found.config),
        cameras=sorted(cameras, key=lambda device: (device != first, device)),
        patience_s=form.cleaned_data["patience_s"],
        by=request.user.username,
    )
    log.record(request, "rollout_begun", template, ", ".join(record.cameras))
    runtime.line.rollout_waits()
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
