"""Forms of accounts."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.models import User
from dashboard.rights import Role


class SignInForm(forms.Form):
    username = forms.CharField(label=_("User name"), max_length=64)
    password = forms.CharField(label=_("Password"), max_length=256, strip=False, widget=forms.PasswordInput)

    username.widget.attrs |= {"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
    password.widget.attrs |= {"autocomplete": "current-password"}


class NewPasswordMixin(forms.Form):
    new_password = forms.CharField(
        label=_("New password"),
        max_length=256,
        strip=False,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput,
    )
    new_password.widget.attrs |= {"autocomplete": "new-password"}

    user: User

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            password_validation.validate_password(password, self.user)
        return password


class OwnPasswordForm(NewPasswordMixin):
    password = forms.CharField(label=_("Password so far"), max_length=256, strip=False, widget=forms.PasswordInput)
    password.widget.attrs |= {"autocomplete": "current-password"}
    field_order = ["password", "new_password"]

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("That isn't your password."))
        return self.cleaned_data["password"]


class AccountForm(NewPasswordMixin, forms.ModelForm):
    """An account as an administrator makes or changes it."""

    groups = forms.CharField(
        label=_("Groups"), required=False, help_text=_("For teachers: the groups they see, separated by commas.")
    )

    class Meta:
        model = User
        fields = ["username", "role", "groups", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = self.instance
        if self.instance.pk:
            self.fields["new_password"].required = False
            self.fields["new_password"].help_text = _("Leave empty to keep the one so far.")
        self.initial["groups"] = ", ".join(self.instance.groups)

    def clean_groups(self) -> list[str]:
        return sorted({part.strip() for part in self.cleaned_data["groups"].split(",") if part.strip()})

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        was_admin = self.instance.pk and User.objects.get(pk=self.instance.pk).role == Role.ADMIN.value
        still = data.get("role") == Role.ADMIN.value and data.get("is_active")
        others = User.objects.filter(role=Role.ADMIN.value, is_active=True).exclude(pk=self.instance.pk)
        if was_admin and not still and not others.exists():
            raise forms.ValidationError(_("This is the last administrator: make another one first."))
        return data

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if self.cleaned_data["new_password"]:
            user.set_password(self.cleaned_data["new_password"])
        user.save()
        return user


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=64)
