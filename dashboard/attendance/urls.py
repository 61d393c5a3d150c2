from django.urls import path, re_path

from dashboard.attendance import views

urlpatterns = [
    path("attendance/", views.day, name="attendance"),
    path("attendance/range/", views.span, name="attendance-span"),
    path("attendance/month/", views.month, name="attendance-month"),
    path("attendance/arrivals/", views.arrivals, name="attendance-arrivals"),
    re_path(r"^attendance/export\.(?P<form>csv|xlsx)$", views.download, name="attendance-export"),
    path("attendance/<str:person_id>/<str:day>/", views.person_day, name="attendance-person-day"),
    path("attendance/<str:person_id>/<str:day>/correct/", views.correct, name="attendance-correct"),
]
