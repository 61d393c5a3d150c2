"""What isn't one app's: failures as pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    del reason
    return render(request, "expired.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    del exception
    return render(request, "not_found.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return render(request, "failed.html", status=500)
