"""What the sign and the public notice say: that faces are recognised, what is kept, for how long, and whom to ask."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max

from vision.models import Camera, VisionSettings
from watershop.models import Shop

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True)
class Notice:
    """What a shop keeps of those who come, as its settings are now. Times in days."""

    recognises: bool
    keeps_pictures: bool
    unnamed_days: int
    """0: until the visit ends."""
    known_days: int
    picture_days: int
    film_days: int
    """0 where no camera keeps its recordings."""
    email: str


def notice_of(shop: Shop) -> Notice:
    """What a shop may keep now."""
    wishes = VisionSettings.of(shop)
    cameras = Camera.objects.filter(shop=shop, is_on=True)
    kept = cameras.exclude(kind=Camera.Kind.FILES).filter(keeps_recordings=True)
    return Notice(
        recognises=cameras.filter(recognises=True).exists(),
        keeps_pictures=wishes.keeps_pictures,
        unnamed_days=wishes.unnamed_days,
        known_days=wishes.known_days,
        picture_days=wishes.picture_days,
        film_days=kept.aggregate(most=Max("keep_days"))["most"] or 0,
        email=shop.email,
    )
