from django.urls import path

from dashboard.people import enrol_views, review, sightings, unknown_views, views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/add/", views.add, name="people-add"),
    path("people/import/", enrol_views.import_people, name="people-import"),
    path("people/import/<str:job_id>/", enrol_views.import_job, name="people-import-job"),
    path("people/alike/", review.alike, name="people-alike"),
    path("people/alike/pairs/", review.pairs, name="people-alike-pairs"),
    path("people/<str:person_id>/advice/", review.advice, name="people-advice"),
    path("people/<str:person_id>/", views.person, name="people-person"),
    path("people/<str:person_id>/edit/", views.edit, name="people-edit"),
    path("people/<str:person_id>/erase/", views.erase, name="people-erase"),
    path("people/<str:person_id>/data.zip", views.data, name="people-data"),
    path("people/<str:person_id>/enrol/", enrol_views.enrol_person, name="people-enrol"),
    path("people/<str:person_id>/enrol/door/", enrol_views.enrol_from_door, name="people-enrol-door"),
    path("people/<str:person_id>/enrol/decide/", enrol_views.decide, name="people-enrol-decide"),
    path("people/<str:person_id>/enrol/waiting.jpg", enrol_views.waiting_photo, name="people-enrol-waiting"),
    path("people/<str:person_id>/photos/<str:photo_id>.jpg", views.photo, name="people-photo"),
    path("people/<str:person_id>/photos/<str:photo_id>/remove/", views.remove_photo, name="people-photo-remove"),
    path("sightings/<str:event_id>/<int:place>/", sightings.sighting, name="sighting"),
    path("sightings/<str:event_id>/<int:place>/not/", sightings.deny, name="sighting-deny"),
    path("sightings/<str:event_id>/<int:place>/not/undo/", sightings.undo_denial, name="sighting-undo"),
    path("unknown/", unknown_views.unknown, name="unknown"),
    path("unknown/groups/", unknown_views.groups, name="unknown-groups"),
    path("unknown/assign/", unknown_views.assign, name="unknown-assign"),
    path("unknown/ignore/", unknown_views.ignore, name="unknown-ignore"),
    path("unknown/undo/", unknown_views.take_back, name="unknown-undo"),
]
