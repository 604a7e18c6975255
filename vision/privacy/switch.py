"""The switch of a camera: faces are recognised and kept only where a manager has turned that on behind a sign."""

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vision.models import Camera, Sighting
from vision.models.cameras import CameraQuerySet
from watershop import audit
from watershop.audit import Actor
from watershop.models import Shop


def is_on(camera_id: int) -> bool:
    """Are faces of this camera recognised and kept at this moment? Asked whenever some are about to be stored."""
    return Camera.objects.filter(pk=camera_id, recognises=True).exists()


def cameras_off(shop: Shop) -> CameraQuerySet:
    """The cameras that count visits without recognising anybody."""
    return Camera.objects.filter(shop=shop, is_on=True, recognises=False)


def turn_on(camera: Camera, actor: Actor, *, sign_hangs: bool) -> Camera:
    """Recognise faces from now on. Raises ValidationError unless somebody says that the sign hangs."""
    if not sign_hangs:
        raise ValidationError(_("First hang up the sign where people see it before the camera sees them."))
    if camera.recognises:
        return camera
    sign = {"recognises": True, "sign_at": timezone.now(), "sign_by": actor.user}
    return audit.change(camera, actor, "turn_recognition_on", sign)


@transaction.atomic
def turn_off(camera: Camera, actor: Actor) -> Camera:
    """Recognise nobody from now on; who is in sight now is nobody at once. What is kept already goes in its time."""
    camera = audit.change(camera, actor, "turn_recognition_off", {"recognises": False})
    in_sight = Sighting.objects.filter(camera=camera)
    pictures = list(in_sight.exclude(picture="").values_list("picture", flat=True))
    in_sight.delete()
    for picture in pictures:
        transaction.on_commit(lambda name=picture: default_storage.delete(name))  # type: ignore[misc]
    return camera
