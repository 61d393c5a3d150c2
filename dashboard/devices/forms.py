"""The configuration of a camera as a form, made from the wire contract's ranges."""

from collections.abc import Iterable, Sequence
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
        return {name: _typed(name, self.cleaned_data[name]) for name in wire.CONFIG_FIELDS}


class TemplateForm(ConfigForm):
    """What a group of cameras has in common: a field that is left empty is each camera's own."""

    def __init__(self, *args: Any, cameras: Sequence[str], new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = list(self.fields)
        for field in self.fields.values():
            field.required, field.initial = False, None
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", _("each camera's own")), *field.choices]
        if new:
            self.fields["name"] = forms.CharField(
                label=_("Name of the template"), max_length=wire.NAME_MAX, help_text=_("a–z, 0–9 and -, such as doors.")
            )
        self.fields["cameras"] = forms.MultipleChoiceField(
            label=_("Cameras that follow it"),
            choices=[(each, each) for each in cameras],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=_("A camera follows one template: the last that names it."),
        )

        self.order_fields(["name", *self.settings, "cameras"])

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not wire.is_name(name):
            raise forms.ValidationError(_("Use up to 32 of a–z, 0–9 and -."))
        return name

    def config(self) -> dict[str, object]:
        """The fields that were given, in the contract's types."""
        given = {name: self.cleaned_data[name] for name in self.settings if self.cleaned_data[name] not in ("", None)}
        return {name: _typed(name, value) for name, value in given.items()}


def _typed(name: str, value: Any) -> object:
    kind, allowed, _default = wire.CONFIG_FIELDS[name]
    return next(each for each in allowed if str(each) == value) if kind == "choice" else value


class RolloutForm(forms.Form):
    first = forms.ChoiceField(label=_("This camera goes ahead"))
    patience_s = forms.IntegerField(
        label=_("Patience (s)"),
        initial=60,
        min_value=5,
        max_value=3600,
        help_text=_("So long a camera has to answer, and the first one to show that its pictures still come."),
    )

    def __init__(self, *args: Any, cameras: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first"].choices = [(each, each) for each in cameras]


class ChosenForm(TemplateForm):
    """Settings for cameras that are chosen here, to be rolled out without a template."""

    def __init__(self, *args: Any, cameras: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, cameras=cameras, new=False, **kwargs)
        chosen, rollout = self.fields["cameras"], RolloutForm(cameras=cameras)
        chosen.required, chosen.label, chosen.help_text = True, _("Cameras to set"), ""
        self.fields |= rollout.fields
        self.fields["first"].choices = [("", _("the first of them")), *self.fields["first"].choices]
        self.fields["first"].required = False

    def setting_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.settings]

    def ordered(self) -> list[str]:
        """The cameras, with the one that goes ahead in front."""
        first = self.cleaned_data["first"]
        return sorted(self.cleaned_data["cameras"], key=lambda device: (device != first, device))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean()
        if not self.errors and not self.config():
            raise forms.ValidationError(_("Say what to set: all settings are empty."))
        if given.get("first") and given["first"] not in given.get("cameras", ()):
            self.add_error("first", _("It is none of the cameras that are set."))
        return given


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
    note = forms.CharField(
        label=_("Where it hangs"),
        max_length=200,
        required=False,
        help_text=_("A camera that is on the list already keeps the note that it has."),
    )
    device.widget.attrs |= {"autocapitalize": "none", "autocomplete": "off", "pattern": "[a-z0-9][a-z0-9-]{0,31}"}


class GroupsForm(forms.Form):
    """Which groups of people a camera serves."""

    groups = forms.MultipleChoiceField(
        label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None: everybody alike.")
    )

    def __init__(self, *args: Any, groups: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["groups"].choices = [(each, each) for each in groups]
