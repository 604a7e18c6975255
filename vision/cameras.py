"""What a manager does with a camera: add and change it, take a picture, draw on it, and see whether it hangs well."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from vision import logins
from vision.local_files import fetched
from vision.models import Camera, Recording, VisionSettings
from vision.picture import as_jpeg
from vision.pipeline import eye_of
from vision.scene import PLACES, turned
from vision.sources import FAULTS
from vision.trials import Found, Trial, try_out
from watershop import audit, jobs
from watershop.audit import Actor
from watershop.models import Shop

CHECK = "vision.tasks.check_placement"
PLACEMENT_S = 60.0
LOGIN_LOST, NOTHING_RECORDED = "login_lost", "nothing_recorded"
"""Why no picture was taken, beside `sources.FAULTS` and the codes of unreadable files."""

Login = tuple[str, str]
"""Name and password, as written into the form; both empty when the camera asks for none."""


@transaction.atomic
def add(shop: Shop, fields: Mapping[str, Any], login: Login | None, actor: Actor) -> Camera:
    """A new camera. Its address is checked already, and has no login in it."""
    camera = Camera.objects.create(shop=shop, **fields)
    if login:
        logins.set_login(camera, *login)
    audit.record(shop, actor, "add_camera", camera, after={"kind": camera.kind})
    return camera


def change(camera: Camera, fields: Mapping[str, Any], login: Login | None, actor: Actor) -> Camera:
    """Change a camera; `login` None leaves the one that it has. One that is turned takes what it shows along."""
    camera, turn = _change(camera, fields, login, actor)
    if turn and camera.still:
        _keep_still(camera, _turned_picture(camera, turn))
    return camera


@transaction.atomic
def _change(
    camera: Camera, fields: Mapping[str, Any], login: Login | None, actor: Actor
) -> tuple[Camera, int]:
    """The camera with its new fields, places and login, and by how many degrees it was turned."""
    camera = Camera.objects.select_for_update().get(pk=camera.pk)  # a form may have written into the caller's
    turn = (fields.get("rotation", camera.rotation) - camera.rotation) % 360
    places = {name: turned(getattr(camera, name), turn) for name in PLACES} if turn else {}
    # Some cameras want a password in the address itself, so the audit keeps no address.
    camera = audit.change(camera, actor, "change_camera", {**fields, **places}, personal={"address"})
    if login is not None:
        logins.set_login(camera, *login)
        audit.record(camera.shop, actor, "change_camera_login", camera)
    return camera, turn


def draw(camera: Camera, places: Mapping[str, Any], actor: Actor) -> Camera:
    """Keep what was drawn on the still: `scene.PLACES`, lists of [x, y]."""
    return audit.change(camera, actor, "draw_camera", places)


def take_still(camera: Camera) -> str:
    """Take a picture of the camera as it sees now, or of its newest recording. What is wrong, or nothing."""
    found = _tried(camera, 0.0)
    if not found.fault:
        _keep_still(camera, found.still)
    if camera.is_live:
        _note_fault(camera, found.fault)
    return found.fault


def ask_placement(camera: Camera, actor: Actor) -> None:
    """Have a worker look through the camera for a minute."""
    with transaction.atomic():
        audit.record(camera.shop, actor, "check_camera", camera)
        jobs.enqueue(camera.shop, CHECK, camera.pk, cluster="video")


def check_placement(camera: Camera, tell: Callable[[float], None]) -> None:
    """Look through the camera for a minute, and keep what was found; `tell` is told how far it is, 0 to 1."""
    found = _tried(camera, PLACEMENT_S, lambda at: tell(min(1.0, at / PLACEMENT_S)))
    camera.placement = {"at": timezone.now().isoformat(), "fault": found.fault}
    if found.report is not None:
        _keep_still(camera, found.still)
        camera.placement |= found.report | {"still": camera.still.name, "boxes": found.boxes}
    camera.save(update_fields=["placement"])


def change_settings(shop: Shop, fields: Mapping[str, Any], actor: Actor) -> None:
    """What a face must be like from now on, and what makes a visit."""
    with transaction.atomic():
        row = VisionSettings.objects.select_for_update().get(pk=VisionSettings.of(shop).pk)
        before = {name: getattr(row, name) for name, value in fields.items() if getattr(row, name) != value}
        for name in before:
            setattr(row, name, fields[name])
        if before:
            row.save(update_fields=list(before))
            after = {name: fields[name] for name in before}
            audit.record(shop, actor, "change_vision_settings", row, before=before, after=after)


def _tried(camera: Camera, seconds: float, on_second: Callable[[float], None] = lambda at: None) -> Found:
    config = eye_of(camera)
    if camera.is_live and not _is_taken(camera):
        try:
            source = logins.source_of(camera)
        except logins.LoginLost:
            return Found(fault=LOGIN_LOST)
        return try_out(Trial(config, source=source, seconds=seconds), on_second)
    newest = camera.recordings.exclude(state=Recording.State.FAILED).exclude(file="").first()
    if newest is None:
        return Found(fault=NOTHING_RECORDED)
    at = max(0.0, (newest.duration_s - seconds) / 2)
    with fetched(newest.file, lambda: on_second(0)) as path:
        return try_out(Trial(config, path=path, at=at, seconds=seconds), on_second)


def _is_taken(camera: Camera) -> bool:
    """A camera that is plugged in has one reader; while that is our own, its newest recording must do."""
    newly = timezone.now() - timedelta(minutes=1)
    is_watched = camera.is_on and camera.seen_at is not None and camera.seen_at > newly
    return camera.kind == Camera.Kind.DEVICE and is_watched and camera.recordings.exclude(file="").exists()


def _note_fault(camera: Camera, fault: str) -> None:
    camera.fault = fault if fault in FAULTS else Camera.Fault.NONE
    if not fault:
        camera.seen_at = timezone.now()
    camera.save(update_fields=["fault", "seen_at"])


def _keep_still(camera: Camera, jpeg: bytes) -> None:
    """Put a new picture in place of the one that is there by now: two people may press Test at once."""
    camera.still.name = default_storage.save(f"stills/{uuid4().hex}.jpg", ContentFile(jpeg))
    with transaction.atomic():
        old = Camera.objects.select_for_update().values_list("still", flat=True).get(pk=camera.pk)
        camera.save(update_fields=["still"])
    if old:
        transaction.on_commit(lambda: default_storage.delete(old))


def _turned_picture(camera: Camera, degrees: int) -> bytes:
    with camera.still.open() as file:
        image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    return as_jpeg(np.rot90(np.asarray(image, np.uint8), -degrees // 90))
