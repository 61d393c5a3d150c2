"""Acting as an account with a token."""

from django.http import HttpRequest

from dashboard.accounts.models import ApiToken, User, digest
from dashboard.runtime import now_ms

USED_EVERY_MS = 60_000  # how exactly "last used" is kept


def bearer(request: HttpRequest) -> User | None:
    """The account whose token the request carries, if any."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return user_of(token.strip()) if scheme.lower() == "bearer" else None


def user_of(token: str) -> User | None:
    found = ApiToken.objects.select_related("user").filter(digest=digest(token)).first()
    if found is None or not found.user.is_active:
        return None
    if now_ms() - found.used_ms > USED_EVERY_MS:
        ApiToken.objects.filter(pk=found.pk).update(used_ms=now_ms())
    return found.user
