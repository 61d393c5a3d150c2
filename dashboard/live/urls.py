from django.urls import path

from dashboard.live import views

urlpatterns = [
    path("today/", views.today, name="today"),
    path("today/door/", views.door, name="today-door"),
    path("faces/<str:event_id>/<int:place>.jpg", views.face, name="face"),
    path("pictures/<str:event_id>.jpg", views.picture, name="picture"),
]
