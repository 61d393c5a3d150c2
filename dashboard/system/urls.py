from django.urls import path

from dashboard.system import views

urlpatterns = [
    path("system/", views.system, name="system"),
    path("system/cloud/retry/", views.retry_cloud, name="system-cloud-retry"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz", views.healthz, name="healthz"),
    path("settings/", views.settings, name="settings"),
    path("settings/audit/", views.audit, name="audit"),
]
