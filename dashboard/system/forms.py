"""The settings that a browser may change. Each is a field of hub.settings.Settings, which has the last word."""

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.live_settings import AT_START, LIVE

EDITABLE = (*LIVE, *AT_START)


class SettingsForm(forms.Form):
    time_zone = forms.CharField(label=_("Time zone"), help_text=_("By its IANA name, such as Europe/Berlin."))
    day_start = forms.TimeField(label=_("A day begins at"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    late_after = forms.TimeField(label=_("Late after"), widget=forms.TimeInput({"type": "time"}, "%H:%M"))
    keep_pictures_days = forms.IntegerField(label=_("Keep pictures (days)"), min_value=0, max_value=3650)
    keep_events_days = forms.IntegerField(label=_("Keep sightings (days)"), min_value=1, max_value=3650)
    fpir = forms.FloatField(
        label=_("Strangers who may be given a name"),
        min_value=0.0001,
        max_value=0.2,
        help_text=_("As a share: 0.003 is three in a thousand. Smaller is stricter: more faces are “not certain”."),
    )
    min_face_px = forms.IntegerField(label=_("Smallest face (pixels)"), min_value=16, max_value=1000)

    fpir.widget.attrs["step"] = "0.0001"
    time_zone.widget.attrs["list"] = "zones"

    def __init__(self, *args: Any, fixed: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        """`fixed`: settings that the environment decides, which a file can't change."""
        super().__init__(*args, **kwargs)
        for name in AT_START:
            self.fields[name].help_text = _("It takes effect at the hub's next start.")
        for name in fixed & set(self.fields):
            self.fields[name].disabled = True
            self.fields[name].help_text = _("Decided by the environment (PRESENZA_%(name)s).") % {"name": name.upper()}

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        return name

    def changed(self, fixed: frozenset[str]) -> dict[str, Any]:
        """What is to be written, in the types of presenza.toml."""
        values = {name: self.cleaned_data[name] for name in EDITABLE if name not in fixed and name in self.changed_data}
        return {name: value.strftime("%H:%M") if isinstance(value, time) else value for name, value in values.items()}
