from django.urls import path, re_path

from dashboard.devices import claim_views, config_views, rollout_views, views

urlpatterns = [
    path("devices/", views.devices, name="devices"),
    path("devices/add/", views.add, name="devices-add"),
    path("configs/", config_views.configs, name="devices-configs"),
    path("configs/templates/add/", config_views.add_template, name="devices-template-add"),
    path("configs/templates/<str:template>/", config_views.template, name="devices-template"),
    path("configs/templates/<str:template>/remove/", config_views.remove_template, name="devices-template-remove"),
    path("configs/templates/<str:template>/rollout/", rollout_views.begin, name="devices-rollout-begin"),
    path("configs/rollouts/add/", rollout_views.choose, name="devices-rollout-add"),
    path("configs/rollouts/<int:pk>/", rollout_views.rollout, name="devices-rollout"),
    path("configs/rollouts/<int:pk>/stop/", rollout_views.stop, name="devices-rollout-stop"),
    path("claims/", claim_views.invite, name="devices-invite"),
    path("claims/<str:device>/", claim_views.claim, name="devices-claim"),
    path("devices/<str:device>/", views.device, name="devices-device"),
    path("devices/<str:device>/last.jpg", views.last_frame, name="devices-last-frame"),
    path("devices/<str:device>/config/", views.configure, name="devices-configure"),
    path("devices/<str:device>/groups/", views.serve_groups, name="devices-groups"),
    path("devices/<str:device>/versions/", config_views.versions, name="devices-versions"),
    path("devices/<str:device>/config/<int:version>/restore/", views.restore, name="devices-restore"),
    path("devices/<str:device>/command/<str:op>/", views.command, name="devices-command"),
    re_path(
        r"^devices/(?P<device>[^/]+)/identity/(?P<act>rotate|disable|enable|revoke)/$",
        views.identity,
        name="devices-identity",
    ),
]
