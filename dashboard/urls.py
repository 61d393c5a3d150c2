from django.urls import include, path

from dashboard.api.endpoints import urls as api

urlpatterns = [
    path("", include("dashboard.accounts.urls")),
    path("", include("dashboard.live.urls")),
    path("", include("dashboard.attendance.urls")),
    path("", include("dashboard.people.urls")),
    path("", include("dashboard.devices.urls")),
    path("", include("dashboard.system.urls")),
    path("api/", api),
]

handler404 = "dashboard.views.not_found"
handler500 = "dashboard.views.failed"
