"""Accounts, their tokens, and the failed sign-ins that the throttle counts."""

import secrets
from hashlib import sha256

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.rights import Right, Role, granted
from dashboard.runtime import now_ms

ROLES = [
    (Role.ADMIN.value, _("Administrator")),
    (Role.TEACHER.value, _("Teacher")),
    (Role.VIEWER.value, _("Viewer")),
    (Role.TECHNICIAN.value, _("Technician")),
]


class Users(BaseUserManager["User"]):
    def create_user(self, username: str, password: str, role: Role, groups: tuple[str, ...] = ()) -> "User":
        user = User(username=username, role=role.value, groups=list(groups))
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    username = models.CharField(
        _("user name"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[\w.@+-]+\Z", _("Letters, digits and .@+-_ only."))],
    )
    role = models.CharField(_("role"), max_length=16, choices=ROLES, default=Role.VIEWER.value)
    groups = models.JSONField(_("groups"), default=list, blank=True)  # a teacher's; names of groups of people
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    is_active = models.BooleanField(_("may sign in"), default=True)
    created_ms = models.BigIntegerField(default=now_ms, editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: list[str] = []
    objects = Users()

    @property
    def may(self) -> "Rights":
        """For templates: `user.may.mark`."""
        return Rights(self)

    @property
    def sees(self) -> frozenset[str] | None:
        """The groups of people whom this account may see; None: everybody."""
        return frozenset(self.groups) if self.role == Role.TEACHER.value else None


class Rights:
    """An account's rights by name."""

    def __init__(self, user: User) -> None:
        self._user = user

    def __getitem__(self, name: str) -> bool:
        return granted(self._user, Right(name))


class ApiToken(models.Model):
    """Lets a program act as an account. Only a hash is kept: the token is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=64)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_ms = models.BigIntegerField(default=now_ms, editable=False)
    used_ms = models.BigIntegerField(default=0, editable=False)

    @classmethod
    def issue(cls, user: User, name: str) -> str:
        """Make a token and return it, the only time that it is known."""
        token = f"pz_{secrets.token_urlsafe(32)}"
        cls.objects.create(user=user, name=name, digest=digest(token))
        return token


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class FailedSignIn(models.Model):
    username = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=64, db_index=True)
    at_ms = models.BigIntegerField(default=now_ms, db_index=True)
