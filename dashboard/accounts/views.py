"""Signing in and out, one's own account, and everybody's for administrators."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts import throttle
from dashboard.accounts.forms import AccountForm, OwnPasswordForm, SignInForm, TokenForm
from dashboard.accounts.models import ApiToken, User
from dashboard.audit import log
from dashboard.audit.models import Entry
from dashboard.rights import Right, granted, needs


@needs(Right.ANYBODY)
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _authenticate(request, form):
        return redirect(_after_sign_in(request))
    status = 200 if request.method == "GET" else 422
    return render(request, "accounts/sign_in.html", {"form": form, "next": request.GET.get("next", "")}, status=status)


def _authenticate(request: HttpRequest, form: SignInForm) -> bool:
    name, address = form.cleaned_data["username"], request.META.get("REMOTE_ADDR", "")
    wait_s = throttle.wait_s(name, address)
    if wait_s:
        sentence = ngettext("Too many tries. Wait %(n)d second.", "Too many tries. Wait %(n)d seconds.", wait_s)
        form.add_error(None, sentence % {"n": wait_s})
        return False
    user = authenticate(request, username=name, password=form.cleaned_data["password"])
    if user is None:
        throttle.failed(name, address)
        Entry.objects.create(username=name, address=address, action="sign_in_failed")
        form.add_error(None, _("User name and password don't match."))
        return False
    throttle.succeeded(name, address)
    login(request, user)
    log.record(request, "sign_in")
    return True


def _after_sign_in(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("home")


@needs(Right.SIGNED_IN)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    log.record(request, "sign_out")
    logout(request)
    return redirect("sign-in")


@needs(Right.SIGNED_IN)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The first page that the account may see."""
    return redirect("today" if granted(request.user, Right.SEE_PEOPLE) else "devices")


@needs(Right.ANYBODY)
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages, for the account where there is one."""
    wanted = request.POST.get("language", "")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if safe else "home")
    if wanted in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=365 * 24 * 3600, samesite="Lax")
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=wanted)
    return response


@needs(Right.SIGNED_IN)
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's own password and API tokens."""
    form = OwnPasswordForm(request.user, request.POST if "new_password" in request.POST else None)
    if request.method == "POST" and form.is_valid():
        request.user.set_password(form.cleaned_data["new_password"])
        request.user.save(update_fields=["password"])
        update_session_auth_hash(request, request.user)
        log.record(request, "password_changed", request.user.username)
        messages.success(request, _("Your password is changed."))
        return redirect("profile")
    page = {"form": form, "token_form": TokenForm(), "tokens": request.user.tokens.order_by("-created_ms")}
    return render(request, "accounts/profile.html", page, status=422 if form.errors else 200)


@needs(Right.SIGNED_IN)
@require_POST
def add_token(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what the token is for."))
        return redirect("profile")
    token = ApiToken.issue(request.user, form.cleaned_data["name"])
    log.record(request, "token_added", form.cleaned_data["name"])
    page = {"form": OwnPasswordForm(request.user), "token_form": TokenForm(), "token": token}
    return render(request, "accounts/profile.html", {**page, "tokens": request.user.tokens.order_by("-created_ms")})


@needs(Right.SIGNED_IN)
@require_POST
def remove_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    log.record(request, "token_removed", token.name)
    token.delete()
    return redirect("profile")


@needs(Right.ADMIN)
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/list.html", {"accounts": User.objects.order_by("username")})


@needs(Right.ADMIN)
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make an account, or change one."""
    user = get_object_or_404(User, pk=pk) if pk else User()
    form = AccountForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        log.record(request, "account_changed" if pk else "account_added", saved.username, saved.role)
        messages.success(request, _("The account is saved."))
        return redirect("accounts")
    status = 422 if form.errors else 200
    return render(request, "accounts/edit.html", {"form": form, "account": user if pk else None}, status=status)
