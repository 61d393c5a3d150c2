from django.urls import path

from dashboard.accounts import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.language, name="language"),
    path("account/", views.profile, name="profile"),
    path("account/tokens/", views.add_token, name="profile-token-add"),
    path("account/tokens/<int:pk>/remove/", views.remove_token, name="profile-token-remove"),
    path("settings/accounts/", views.accounts, name="accounts"),
    path("settings/accounts/add/", views.account, name="accounts-add"),
    path("settings/accounts/<int:pk>/", views.account, name="accounts-edit"),
]
