"""The doors of `vision`: pages under /s/<slug>/, API under /api/v1/shops/<slug>/."""

from django.urls import URLPattern, path

from vision import api as doors
from vision import (
    calibration_views,
    camera_views,
    dispute_views,
    live_views,
    person_views,
    preview_views,
    recording_views,
    views,
)
from vision.privacy import consent_views, enrolment_views
from vision.privacy import views as privacy_views
from vision.queues import views as queue_views

pages: list[URLPattern] = [
    path("visits/", views.visits, name="visits"),
    path("visits/now/", live_views.now, name="in_sight"),
    path("visits/<int:pk>/", views.visit, name="visit"),
    path("visits/<int:pk>/who/", person_views.visit_who, name="visit_who"),
    path("persons/", person_views.persons, name="persons"),
    path("persons/<int:pk>/", person_views.person, name="person"),
    path("persons/<int:pk>/merge/", person_views.person_merge, name="person_merge"),
    path("persons/<int:pk>/differ/", person_views.person_differ, name="person_differ"),
    path("persons/<int:pk>/split/", person_views.person_split, name="person_split"),
    path("persons/<int:pk>/forget/", person_views.person_forget, name="person_forget"),
    path("customers/<int:pk>/face/", consent_views.customer_face, name="customer_face"),
    path("customers/<int:pk>/face/agree/", consent_views.customer_agree, name="customer_agree"),
    path("customers/<int:pk>/face/withdraw/", consent_views.customer_withdraw, name="customer_withdraw"),
    path("customers/<int:pk>/face/enrol/", enrolment_views.customer_enrol, name="customer_enrol"),
    path("customers/<int:pk>/face/whose/", enrolment_views.customer_portraits, name="customer_portraits"),
    path("faces/taken/<int:pk>.jpg", enrolment_views.portrait, name="portrait"),
    path("decisions/<int:pk>/undo/", person_views.decision_undo, name="decision_undo"),
    path("faces/<int:pk>.jpg", views.picture, name="picture"),
    path("faces/now/<int:pk>.jpg", live_views.sighting_picture, name="sighting_picture"),
    path("links/<int:pk>/", views.link_decide, name="link_decide"),
    path("sales/<int:pk>/visits/", views.sale_links, name="sale_links"),
    path("queues/", queue_views.queues, name="queues"),
    path("queues/<slug:kind>/", queue_views.queue, name="queue"),
    path("queues/cards/<int:pk>/", queue_views.card_decide, name="card_decide"),
    path("queues/cards/<int:pk>/undo/", queue_views.card_undo, name="card_undo"),
    path("sales/<int:pk>/dispute/", dispute_views.dispute_make, name="dispute_make"),
    path("disputes/<int:pk>/", dispute_views.dispute_file, name="dispute_file"),
    path("recordings/", recording_views.recordings, name="recordings"),
    path("recordings/<int:pk>/", recording_views.recording, name="recording"),
    path("recordings/<int:pk>/progress/", recording_views.recording_progress, name="recording_progress"),
    path("recordings/<int:pk>/retry/", recording_views.recording_retry, name="recording_retry"),
    path("recordings/<int:pk>/keep/", recording_views.recording_keep, name="recording_keep"),
    path("recordings/<int:pk>/remove/", recording_views.recording_remove, name="recording_remove"),
    path("recordings/<int:pk>/preview/", preview_views.recording_preview, name="recording_preview"),
    path("recordings/<int:pk>/tracks.json", preview_views.recording_tracks, name="recording_tracks"),
    path("recordings/<int:pk>/video", preview_views.recording_video, name="recording_video"),
    path("recordings/<int:pk>/frame.jpg", preview_views.recording_frame, name="recording_frame"),
    path("cameras/", camera_views.cameras, name="cameras"),
    path("cameras/add/<slug:kind>/", camera_views.camera_add, name="camera_add"),
    path("cameras/settings/", camera_views.camera_settings, name="camera_settings"),
    path("cameras/<int:pk>/", camera_views.camera, name="camera"),
    path("cameras/<int:pk>/still.jpg", camera_views.camera_still, name="camera_still"),
    path("cameras/<int:pk>/test/", camera_views.camera_test, name="camera_test"),
    path("cameras/<int:pk>/draw/", camera_views.camera_draw, name="camera_draw"),
    path("cameras/<int:pk>/calibration/", calibration_views.camera_calibration, name="camera_calibration"),
    path("cameras/<int:pk>/check/", camera_views.camera_check, name="camera_check"),
    path("cameras/<int:pk>/progress/", camera_views.camera_progress, name="camera_progress"),
    path("cameras/<int:pk>/recognition/", privacy_views.camera_recognition, name="camera_recognition"),
]
api: list[URLPattern] = [
    path("visits/", doors.Visits.as_view(), name="api_visits"),
    path("persons/", doors.Persons.as_view(), name="api_persons"),
    path("persons/<int:pk>/", doors.PersonDetail.as_view(), name="api_person"),
    path("visits/<int:pk>/", doors.VisitDetail.as_view(), name="api_visit"),
    path("recordings/", doors.Recordings.as_view(), name="api_recordings"),
    path("recordings/<int:pk>/", doors.RecordingDetail.as_view(), name="api_recording"),
]
