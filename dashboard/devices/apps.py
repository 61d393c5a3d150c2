from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "dashboard.devices"
    label = "devices"
