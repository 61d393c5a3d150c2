"""What cameras are set to: templates for groups of them, and each camera's versions."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.audit import log
from dashboard.devices.forms import RolloutForm, TemplateForm
from dashboard.devices.models import RolloutRecord
from dashboard.rights import Right, needs
from dashboard.runtime import Runtime, current, now_ms
from hub import configuration, shadow
from hub.shadow import ConfigTemplate

VERSIONS = 20  # on a page
ALL = 1_000_000
ROLLOUTS = 10


def cameras_of(runtime: Runtime) -> list[str]:
    """Every camera of the site, by name."""
    return sorted(
        {each.device for each in runtime.store.devices()} | {each.device for each in runtime.store.device_states()}
    )


def template_or_404(runtime: Runtime, name: str) -> ConfigTemplate:
    found = next((each for each in runtime.store.config_templates() if each.name == name), None)
    if found is None:
        raise Http404
    return found


@needs(Right.DEVICES)
@require_GET
def configs(request: HttpRequest) -> HttpResponse:
    """Templates, roll-outs, and where each camera's configuration is."""
    runtime = current()
    RolloutRecord.find_lost()
    templates = runtime.store.config_templates()
    follows = {device: each.name for each in templates for device in each.cameras}
    context = {
        "templates": templates,
        "rollouts": RolloutRecord.objects.order_by("-id")[:ROLLOUTS],
        "cameras": [_summary(runtime, name) | {"template": follows.get(name, "")} for name in cameras_of(runtime)],
    }
    return render(request, "devices/configs.html", context)


def _summary(runtime: Runtime, device: str) -> dict[str, Any]:
    newest, reported = configuration.newest_of(runtime.store, device), configuration.reported_of(runtime.store, device)
    return {
        "device": device,
        "state": str(shadow.state_of(newest, reported)),
        "wanted": newest.version if newest else 0,
        "in_force": reported.version if reported.state == shadow.APPLIED else None,
        "problems": list(shadow.problems_of(newest, reported).items()),
    }


@needs(Right.DEVICES)
@require_http_methods(["GET", "POST"])
def add_template(request: HttpRequest) -> HttpResponse:
    runtime = current()
    form = TemplateForm(request.POST or None, cameras=cameras_of(runtime), new=True)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        if name in {each.name for each in runtime.store.config_templates()}:
            form.add_error("name", _("There is a template of this name already."))
        else:
            return _put(request, form, ConfigTemplate(name, {}, (), "", 0))
    context = {"form": form, "template": None}
    return render(request, "devices/template.html", context, status=422 if form.errors else 200)


@needs(Right.DEVICES)
@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, template: str) -> HttpResponse:
    """Change a template. What its cameras are set to changes by a roll-out only."""
    runtime = current()
    found = template_or_404(runtime, template)
    cameras = sorted({*cameras_of(runtime), *found.cameras})
    initial = {**found.config, "cameras": list(found.cameras)}
    form = TemplateForm(request.POST or None, initial=initial, cameras=cameras, new=False)
    if request.method == "POST" and form.is_valid():
        return _put(request, form, found)
    context = {
        "form": form,
        "template": found,
        "rollout_form": RolloutForm(cameras=found.cameras) if found.cameras and found.config else None,
    }
    return render(request, "devices/template.html", context, status=422 if form.errors else 200)


def _put(request: HttpRequest, form: TemplateForm, before: ConfigTemplate) -> HttpResponse:
    cameras = tuple(sorted(form.cleaned_data["cameras"]))
    changed = replace(before, config=form.config(), cameras=cameras, by=request.user.username, at_ms=now_ms())
    current().store.put_config_template(changed)
    log.record(request, "template_saved", before.name, ", ".join(cameras))
    messages.success(request, _("Saved. A roll-out brings it to its cameras."))
    return redirect("devices-template", before.name)


@needs(Right.DEVICES)
@require_POST
def remove_template(request: HttpRequest, template: str) -> HttpResponse:
    """Forget a template; what its cameras are set to stays."""
    template_or_404(current(), template)
    current().store.remove_config_template(template)
    log.record(request, "template_removed", template)
    messages.success(request, _("The template is removed; what its cameras are set to stays."))
    return redirect("devices-configs")


@needs(Right.DEVICES)
@require_GET
def versions(request: HttpRequest, device: str) -> HttpResponse:
    """Who set a camera to what, when, and what the camera said to it."""
    runtime = current()
    found = runtime.store.wanted_configs(device, limit=ALL)
    if not found and device not in cameras_of(runtime):
        raise Http404
    page = Paginator(found, VERSIONS).get_page(request.GET.get("page"))
    rows = []
    for each, before in zip(found, [*found[1:], None], strict=True):
        if each in page.object_list:
            rows.append({"version": each, "changes": shadow.changes(before.config if before else {}, each.config)})
    reported = configuration.reported_of(runtime.store, device)
    context = {
        "device": device,
        "page": page,
        "rows": rows,
        "newest": found[0].version if found else 0,
        "in_force": reported.version if reported.state == shadow.APPLIED else None,
    }
    return render(request, "devices/versions.html", context)
