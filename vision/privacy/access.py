"""Who looked at whose face, and when: a line for each user, picture and hour."""

from collections.abc import Collection

from django.db.models import Q, QuerySet
from django.utils import timezone

from vision.models import FaceView, Person, Recording
from watershop.models import Shop
from watershop.roles import ShopRequest

FILMS = (FaceView.What.FRAME, FaceView.What.FILM)
"""Views of a recording: of everybody whom it shows."""


def note(request: ShopRequest, what: FaceView.What, subject: int, person: int | None = None) -> None:
    """Somebody is sent a face: a picture (its number as `subject`), of a person (their id) where that is known."""
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    seen = {"what": what, "subject": subject, "person_id": person, "at": now, "hour": hour}
    FaceView.objects.bulk_create(
        [FaceView(shop=request.shop, by=request.user, **seen)], ignore_conflicts=True
    )


def views(
    shop: Shop, *, people: Collection[Person] | None = None, by: int | None = None
) -> QuerySet[FaceView]:
    """Who looked, newest first: at these people's pictures and at the recordings that show them, or by one user."""
    found = FaceView.objects.filter(shop=shop).select_related("by", "person__customer")
    if people is not None:
        films = Recording.objects.filter(shop=shop, tracklets__person__in=people)
        found = found.filter(Q(person__in=people) | Q(what__in=FILMS, subject__in=films.values("pk")))
    return found.filter(by=by) if by else found
