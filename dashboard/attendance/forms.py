from django import forms
from django.utils.translation import gettext_lazy as _

STATUSES = [("present", _("Present")), ("late", _("Late")), ("absent", _("Absent")), ("excused", _("Excused"))]


class CorrectionForm(forms.Form):
    status = forms.ChoiceField(label=_("Status"), choices=STATUSES)
    reason = forms.CharField(
        label=_("Reason"), min_length=3, max_length=300, help_text=_("It stays with the day, together with your name.")
    )
