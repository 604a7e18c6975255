"""The page that asks whether a face was here before: by a picture that is handed in, or by what a camera has seen."""

from base64 import b64encode
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from vision import pipeline, searching
from vision.models import Tracklet, VisionSettings
from vision.portraits import PortraitFace, looked_at
from vision.privacy.consent_forms import LARGEST_MB
from vision.privacy.enrolment import VERDICTS
from vision.searching import Hit, Verdict
from watershop.audit import Actor
from watershop.models import Right
from watershop.roles import ShopRequest, shop_page

MOST_FACES = 3


class PictureForm(forms.Form):
    """One picture. Cleaned, `faces` are those in it that are at least half as wide as the widest, best first."""

    picture = forms.FileField(
        label=_("A picture of the face"),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
        help_text=_("It is looked at and not kept."),
    )

    def clean_picture(self) -> "UploadedFile[bytes]":
        picture: UploadedFile[bytes] = self.cleaned_data["picture"]
        if (picture.size or 0) > LARGEST_MB * 1024**2:
            raise ValidationError(_("At most %(size)s MB, please."), params={"size": LARGEST_MB})
        return picture

    def faces(self) -> list[PortraitFace]:
        """Of a valid form; a second's work in a child process. Raises ValidationError where there is none."""
        (portrait,) = looked_at([self.cleaned_data["picture"].read()], pipeline.eye())
        if not portrait:
            raise ValidationError(
                _("No face is to be seen in this picture.") if portrait == () else _NO_PICTURE
            )
        large = [face for face in portrait if face.px >= portrait[0].px / 2]
        return sorted(large, key=lambda face: -face.quality)[:MOST_FACES]


_NO_PICTURE = _("This is not a picture that can be opened.")


@dataclass(frozen=True)
class Answer:
    """One face that was asked about: its picture, why it can't be compared well if so, and who looks like it."""

    picture: str
    trouble: str
    hits: list[Hit]

    @property
    def was_here(self) -> bool:
        return any(hit.verdict != Verdict.HARDLY for hit in self.hits)


@shop_page(right=Right.SEE_FACES)
def face_search(request: ShopRequest) -> HttpResponse:
    """Ask with a picture (posted), or with a face of some visit (`face`, a tracklet)."""
    form = PictureForm(request.POST or None, request.FILES or None)
    answers: list[Answer] = []
    if request.method == "POST" and form.is_valid():
        try:
            answers = [_of_picture(request, face) for face in form.faces()]
        except ValidationError as refusal:
            form.add_error("picture", refusal)
    elif request.method == "GET" and "face" in request.GET:
        answers = [_of_shot(request, request.GET["face"])]
    context = {
        "form": form,
        "answers": answers,
        "remembered_days": VisionSettings.of(request.shop).unnamed_days,
    }
    return render(request, "vision/face_search.html", context, status=422 if form.errors else 200)


def _of_picture(request: ShopRequest, face: PortraitFace) -> Answer:
    """The crop goes back inside the page: nothing of the picture is stored."""
    shown = f"data:image/jpeg;base64,{b64encode(face.jpeg).decode()}"
    hits = searching.was_here(request.shop, face.vector, Actor.of(request))
    return Answer(shown, str(VERDICTS[face.verdict]) if face.verdict else "", hits)


def _of_shot(request: ShopRequest, pk: str) -> Answer:
    seen = Tracklet.objects.filter(shop=request.shop).exclude(picture="").select_related("shop")
    face = get_object_or_404(seen, pk=pk if pk.isdecimal() else 0)
    shown = reverse("picture", args=[request.shop.slug, face.pk])
    return Answer(shown, "", searching.look_for(face, Actor.of(request)))
