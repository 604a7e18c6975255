"""The names and passwords of cameras: kept encrypted beside the address, and read again only to open the camera.

The key is derived from SECRET_KEY for this purpose alone. No page, log, audit entry or API ever shows a login.
"""

import base64
import json
from urllib.parse import quote, unquote, urlsplit

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from vision.models import Camera
from vision.sources import Source

PURPOSE = b"watershop.camera-logins.1"


class LoginLost(Exception):  # noqa: N818 (it says what happened)
    """The login cannot be read: the secret key of the installation is another now. The text says what to do."""


def set_login(camera: Camera, name: str, password: str) -> None:
    """Keep what the camera asks for from now on; an empty name means that it asks for nothing."""
    plain = json.dumps([name, password]).encode()
    camera.login = _fernet().encrypt(plain).decode() if name else ""
    camera.save(update_fields=["login"])


def camera_url(camera: Camera) -> str:
    """The address to open, with name and password in it. For the process that opens it, and for nothing else:
    what the library says when it fails repeats the whole address, so that belongs into no log.

    Raises LoginLost.
    """
    if not camera.login:
        return camera.address
    name, password = _login(camera)
    parts = urlsplit(camera.address)
    host = f"{quote(name, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return parts._replace(netloc=host).geturl()


def source_of(camera: Camera) -> Source:
    """A live camera as it is opened, its login in the address (see `camera_url`). Raises LoginLost."""
    is_device = camera.kind == Camera.Kind.DEVICE
    return Source(camera_url(camera), is_device, is_test=settings.VISION_ASKS_ITSELF)


def without_login(address: str) -> tuple[str, str, str]:
    """An address as people paste it, with name and password taken out: (address, name, password)."""
    parts = urlsplit(address)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, "", ""
    name, _colon, password = login.partition(":")
    return parts._replace(netloc=host).geturl(), unquote(name), unquote(password)


def _login(camera: Camera) -> tuple[str, str]:
    try:
        name, password = json.loads(_fernet().decrypt(camera.login.encode()))
    except InvalidToken as error:
        sentence = _("The password of “%(camera)s” can't be read any more. Write it again.")
        raise LoginLost(sentence % {"camera": camera.name}) from error
    return name, password


def _fernet() -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
