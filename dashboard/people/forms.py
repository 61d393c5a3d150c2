"""Forms of people."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dashboard.people.scope import may_group
from hub.people import MAX_CONSENT, MAX_NAME

CONSENT = _(
    "I agree that my face is recognized by the cameras at the entrances in order to record my attendance. "
    "I can take this back at any time; everything that is stored about me is then erased."
)


def one_line(text: str) -> None:
    if not text.isprintable():
        raise ValidationError(_("Line breaks and control characters are no part of this."))


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME, validators=[one_line])
    number = forms.CharField(label=_("Number"), max_length=MAX_NAME, required=False, validators=[one_line])
    group = forms.CharField(label=_("Group"), max_length=MAX_NAME, required=False, validators=[one_line])

    group.widget.attrs |= {"list": "groups", "autocomplete": "off"}
    name.widget.attrs |= {"autocomplete": "off"}
    number.widget.attrs |= {"autocomplete": "off"}

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_group(self) -> str:
        group: str = self.cleaned_data["group"].strip()
        if not may_group(self._request, group):
            raise ValidationError(_("You may put people into your own groups only."))
        return group


class NewPersonForm(PersonForm):
    consent = forms.CharField(label=_("Consent"), max_length=MAX_CONSENT, widget=forms.Textarea, initial=CONSENT)
    agreed = forms.BooleanField(label=_("The person, or who is responsible for them, has agreed to this text."))


class ImportForm(forms.Form):
    table = forms.FileField(
        label=_("Table (CSV)"),
        help_text=_("Columns: name, number, group, photos. “photos” holds names of files in the ZIP, separated by ;"),
    )
    photos = forms.FileField(label=_("Photos (ZIP)"), required=False)
    consent = forms.CharField(label=_("Consent"), max_length=MAX_CONSENT, widget=forms.Textarea, initial=CONSENT)
    agreed = forms.BooleanField(label=_("Everybody in this table has agreed to this text."))
    again = forms.BooleanField(
        label=_("Add lines without a number even where somebody of the same name and group is enrolled."),
        required=False,
        help_text=_("Else they are left out, so that the same table can be imported again."),
    )

    table.widget.attrs |= {"accept": ".csv,text/csv"}
    photos.widget.attrs |= {"accept": ".zip,application/zip"}
