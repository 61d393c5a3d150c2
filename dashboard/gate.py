"""The gate in front of every view: nobody passes without the right that the view names."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboard.accounts.tokens import bearer
from dashboard.rights import granted, right_of


class RightsMiddleware:
    """Lets nobody through to a view without the right that it names, and nobody at all where it names none."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        right = right_of(view)
        if getattr(view, "by_token", False) and (user := bearer(request)) is not None:
            request.user = user
        if right is not None and granted(request.user, right):
            return None
        if right is None or request.user.is_authenticated:
            return render(request, "refused.html", status=403)
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": reverse("sign-in")})
        return redirect_to_login(request.get_full_path(), reverse("sign-in"))
