"""Who may do what. Each view names the one right that it needs; a view that names none can't be reached.

| role       | names and faces | whom           | change people | devices, system |
|------------|-----------------|----------------|---------------|-----------------|
| admin      | yes             | everybody      | yes           | yes             |
| teacher    | yes             | their groups   | their groups  | no              |
| viewer     | yes             | everybody      | no            | no              |
| technician | no              | nobody         | no            | yes             |
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any


class Right(StrEnum):
    ANYBODY = "anybody"  # also without an account
    SIGNED_IN = "signed_in"
    SEE_PEOPLE = "see_people"  # names, faces, attendance
    MARK = "mark"  # set attendance by hand
    EDIT_PEOPLE = "edit_people"  # add, enrol, assign
    ERASE_PEOPLE = "erase_people"
    DEVICES = "devices"  # see and run cameras
    ADD_DEVICES = "add_devices"  # identities and their secrets
    SYSTEM = "system"
    ADMIN = "admin"  # settings, accounts, audit log


class Role(StrEnum):
    ADMIN = "admin"
    TEACHER = "teacher"
    VIEWER = "viewer"
    TECHNICIAN = "technician"


_EVERY = frozenset({Right.ANYBODY, Right.SIGNED_IN})
GRANTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.TEACHER: _EVERY | {Right.SEE_PEOPLE, Right.MARK, Right.EDIT_PEOPLE},
    Role.VIEWER: _EVERY | {Right.SEE_PEOPLE},
    Role.TECHNICIAN: _EVERY | {Right.DEVICES, Right.ADD_DEVICES, Right.SYSTEM},
}


def granted(user: Any, right: Right) -> bool:
    """Whether `user` (an account, or Django's AnonymousUser) has the right."""
    if right is Right.ANYBODY:
        return True
    return bool(user.is_authenticated and user.is_active and right in GRANTS[Role(user.role)])


def needs(right: Right) -> Callable[[Any], Any]:
    """Mark a view with the right that it needs."""

    def mark(view: Any) -> Any:
        view.right = right
        return view

    return mark


def right_of(view: Any) -> Right | None:
    """The right a view names; the views of class-based and API frameworks carry it on the class or the callable."""
    holder = getattr(view, "view_class", view)
    return getattr(holder, "right", None)
