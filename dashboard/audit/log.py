"""Writing to the audit log."""

from django.http import HttpRequest

from dashboard.audit.models import Entry


def record(request: HttpRequest, action: str, target: str = "", detail: str = "") -> None:
    """Note that the account of `request` did `action` to `target` (an id, a day, a filter; never a name)."""
    user = getattr(request, "auth_user", None) or request.user
    Entry.objects.create(
        username=user.get_username(),
        address=request.META.get("REMOTE_ADDR", ""),
        action=action,
        target=target[:200],
        detail=detail[:500],
    )
