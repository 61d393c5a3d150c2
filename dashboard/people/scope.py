"""Whom an account may see."""

from django.http import Http404, HttpRequest

from dashboard.runtime import current
from hub.errors import NotFound
from hub.model import Person


def person_or_404(request: HttpRequest, person_id: str) -> Person:
    """The person, if this account may see them. One who isn't theirs looks like one who isn't there."""
    try:
        person = current().store.person(person_id)
    except NotFound:
        raise Http404 from None
    sees = getattr(request, "auth_user", request.user).sees
    if sees is not None and person.group not in sees:
        raise Http404
    return person


def may_group(request: HttpRequest, group: str) -> bool:
    """Whether this account may put somebody into `group`."""
    return request.user.sees is None or group in request.user.sees
