from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "dashboard.attendance"
    label = "attendance"
