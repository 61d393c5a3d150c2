"""The configuration of a camera as a form, made from the wire contract's ranges."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hub import wire

# name -> label, help
WORDS = {
    "frame_size": (_("Picture size"), ""),
    "jpeg_quality": (_("JPEG quality"), _("Higher is better, and larger.")),
    "burst_frames": (_("Pictures after a motion"), _("Until somebody is recognized.")),
    "burst_fps": (_("Pictures a second"), ""),
    "motion_source": (_("Motion is noticed by"), _("pir: the sensor; frame: comparing pictures.")),
    "motion_sensitivity": (_("Sensitivity to motion"), ""),
    "cooldown_ms": (_("Pause after a burst (ms)"), ""),
    "ack_timeout_ms": (_("Wait for an answer (ms)"), ""),
    "chunk_size": (_("Bytes in a message"), ""),
    "led": (_("Light signals"), ""),
    "flash": (_("Flash"), ""),
    "telemetry_s": (_("Report every (s)"), ""),
    "keep_frames": (_("Pictures kept while the hub is away"), ""),
    "rotate": (_("Turn the picture (degrees)"), ""),
}


class ConfigForm(forms.Form):
    """Every field of the contract. The camera itself has the last word: it may refuse what this lets through."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (kind, allowed, default) in wire.CONFIG_FIELDS.items():
            label, help_text = WORDS.get(name, (name, ""))
            self.fields[name] = _field(kind, allowed, label=label, help_text=help_text, initial=default)

    def config(self) -> dict[str, object]:
        """The cleaned values in the contract's types."""
        numbers = {name for name, (kind, *_rest) in wire.CONFIG_FIELDS.items() if kind == "choice"}
        values: dict[str, object] = dict(self.cleaned_data)
        for name in numbers:
            values[name] = next(each for each in wire.CONFIG_FIELDS[name][1] if str(each) == self.cleaned_data[name])
        return values


def _field(kind: str, allowed: Any, **words: Any) -> forms.Field:
    if kind == "choice":
        return forms.ChoiceField(choices=[(str(each), str(each)) for each in allowed], **words)
    words["help_text"] = words["help_text"] or _range(allowed)
    if kind == "int":
        return forms.IntegerField(min_value=allowed[0], max_value=allowed[1], **words)
    field = forms.FloatField(min_value=allowed[0], max_value=allowed[1], **words)
    field.widget.attrs["step"] = "any"
    return field


def _range(allowed: tuple[float, float]) -> str:
    return f"{allowed[0]} … {allowed[1]}"


class NewCameraForm(forms.Form):
    device = forms.CharField(
        label=_("Name"),
        max_length=wire.NAME_MAX,
        help_text=_("a–z, 0–9 and -, such as door-1. It can't be changed later."),
    )
    note = forms.CharField(label=_("Where it hangs"), max_length=200, required=False)
    device.widget.attrs |= {"autocapitalize": "none", "autocomplete": "off", "pattern": "[a-z0-9][a-z0-9-]{0,31}"}


class ClaimForm(forms.Form):
    device = forms.CharField(
        label=_("Name"),
        max_length=wire.NAME_MAX,
        help_text=_("A camera of this name that there is already gets a new password when the code is used."),
    )
    device.widget.attrs |= {"autocapitalize": "none", "autocomplete": "off", "pattern": "[a-z0-9][a-z0-9-]{0,31}"}
