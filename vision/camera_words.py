"""What is said of a camera: its faults and what to do, why faces can't be compared, and what should be moved."""

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from vision import cameras
from vision.faces import REFUSALS as REASONS
from vision.placement import BACKLIT, DARK, FLAT, GLARING, GOOD, NOBODY
from vision.recordings import CRASHED
from vision.recordings import REASONS as BAD_FILES
from vision.sources import CODEC, PASSWORD, SILENT, UNREACHABLE


class Words(NamedTuple):
    """What is wrong, and what to do."""

    what: Any
    do: Any


FAULTS = {
    UNREACHABLE: Words(
        _("The camera can't be reached."),
        _("Is it switched on, is its cable plugged in, and is the number right?"),
    ),
    PASSWORD: Words(
        _("The camera refuses the name or the password."), _("Write them again, as at the camera itself.")
    ),
    CODEC: Words(
        _("The camera's format is not supported."),
        _("Set it to H.264 or H.265 at 4K or less, and check the path of the address."),
    ),
    SILENT: Words(_("The camera answers, but sends no pictures."), _("Switch it off and on again.")),
    "full": Words(
        _("The disk is full: nothing is recorded."),
        _("Make room on the disk, or keep the recordings for fewer days."),
    ),
    "refused": Words(_("This address is not opened."), _("Write the address of a camera in your network.")),
    cameras.LOGIN_LOST: Words(
        _("The password can't be read any more: the server's secret key is another."), _("Write it again.")
    ),
    cameras.NOTHING_RECORDED: Words(
        _("There is no recording of this camera yet."), _("Upload one, then try again.")
    ),
    **{code: Words(reason, "") for code, reason in BAD_FILES.items()},
    "unreadable": Words(CRASHED, ""),
}
REFUSALS: dict[str, Any] = dict(
    zip(
        REASONS,
        (
            _("Cut off"),
            _("Too small"),
            _("Unsure"),
            _("Turned away"),
            _("Blurred"),
            _("A little of everything"),
        ),
        strict=True,
    )
)
ADVICE: dict[str, Any] = {
    "edge": _("Faces are cut off: turn the camera until people are in the middle."),
    "width": _("Faces are %(px)d pixels wide: hang the camera nearer or zoom in."),
    "score": _("Faces are hard to see: move away what hides them, or hang the camera at head height."),
    "pose": _("People look past the camera: lower it to head height, where they look."),
    "blur": _("Faces are blurred: clean the lens, focus it, or give it more light."),
    "quality": _("Faces are poor in several ways: nearer, lower and lighter helps."),
    NOBODY: _("Nobody was seen in this minute: check again while people are there."),
    DARK: _("It is dark: add light on the faces."),
    GLARING: _("It is glaring: turn the camera away from lamps and the sun."),
    FLAT: _("Everything is one gray: clean the lens or take off its cover."),
    BACKLIT: _("Light comes from behind people: turn the camera away from the door or the window."),
    GOOD: _("A good place."),
}
