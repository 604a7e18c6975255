"""Forms of cameras: where one is and how it hangs, what is drawn on its picture, and what the eye asks of a face."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from vision.brands import BRANDS, BY_CODE
from vision.cameras import Login
from vision.logins import without_login
from vision.models import Camera, VisionSettings
from vision.scene import as_points
from vision.sources import AddressRefused, Source, check_address
from vision.watch_folders import folder_of
from watershop.models import Shop

REFUSED: dict[str, Any] = {
    "kind": _("Write an address that begins with rtsp://, rtsps://, http:// or https://."),
    "device": _("Write a device such as /dev/video0."),
    "folder": _("There is no such folder where this server may look (WATERSHOP_WATCH_ROOT)."),
    "host": _("There is no camera's name or number in this address."),
    "private": _("This is the address of the server itself, not of a camera."),
}
MOST_POINTS = 20
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_EVERY_KIND = ("name", "rotation", "evens_light", "min_face_px")
_LIVE = ("is_on", "address", "keeps_recordings", "keep_days", "keep_gb")
OF_KIND = {
    Camera.Kind.FILES: _EVERY_KIND,
    Camera.Kind.FOLDER: (*_EVERY_KIND, "is_on", "address", "keep_days", "keep_gb"),
    Camera.Kind.STREAM: (*_EVERY_KIND, *_LIVE),
    Camera.Kind.DEVICE: (*_EVERY_KIND, *_LIVE),
}
_NETWORK_ONLY = ("brand", "host", "channel", "login_name", "login_password", "forgets_login")


class CameraForm(forms.ModelForm[Camera]):
    """A camera of one kind. Cleaned, `fields` are the camera's and `login` the new one (None: as before)."""

    brand = forms.ChoiceField(
        label=_("Make"),
        required=False,
        choices=[("", "–"), *((brand.code, brand.name) for brand in BRANDS)],
        help_text=_("fills in the address"),
    )
    host = forms.CharField(
        label=_("Its number in the network"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "192.168.1.64", "inputmode": "url"}),
    )
    channel = forms.IntegerField(label=_("Channel"), min_value=1, max_value=99, initial=1, required=False)
    login_name = forms.CharField(
        label=_("Name at the camera"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    login_password = forms.CharField(
        label=_("Password at the camera"),
        max_length=200,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept encrypted, and never shown again."),
    )
    forgets_login = forms.BooleanField(label=_("It asks for no password any more"), required=False)

    class Meta:
        model = Camera
        fields: ClassVar = [*_EVERY_KIND, *_LIVE]

    def __init__(self, *args: Any, shop: Shop, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shop, self._kind = shop, kind
        self._stored_address, has_login = self.instance.address, bool(self.instance.login)
        self.login: Login | None = None
        wanted = {*OF_KIND[Camera.Kind(kind)], *(_NETWORK_ONLY if kind == Camera.Kind.STREAM else ())}
        if not has_login:
            wanted.discard("forgets_login")
        for name in set(self.fields) - wanted:
            del self.fields[name]
        self.fields["name"].label = _("Name")
        if kind == Camera.Kind.STREAM:
            self.fields["address"].help_text = _("Filled in from make and number, or paste it here.")
        if kind == Camera.Kind.DEVICE:
            self.initial["address"] = self.initial["address"] or "/dev/video0"
        if kind in (Camera.Kind.DEVICE, Camera.Kind.FOLDER):
            self.fields["address"].required, self.fields["address"].help_text = True, ""

    @property
    def of_camera(self) -> dict[str, Any]:
        """What was written, of the camera's own fields."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in OF_KIND[Camera.Kind(self._kind)]
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Camera.objects.filter(shop=self._shop, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError(_("Another camera has this name already."))
        return name

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"]
        if host and not _HOST.fullmatch(host):
            raise ValidationError(_("Write a number such as 192.168.1.64, without anything else."))
        return host

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        if self._kind == Camera.Kind.STREAM:
            self._clean_stream(data)
        elif self._kind == Camera.Kind.DEVICE:
            self._check(Source(data["address"], is_device=True), "device")
        elif self._kind == Camera.Kind.FOLDER and folder_of(Camera(address=data["address"])) is None:
            self.add_error("address", REFUSED["folder"])
        return data

    def _clean_stream(self, data: dict[str, Any]) -> None:
        """The address from make and number, if a number is given, else as written; its login is taken out."""
        if data["host"]:
            brand = BY_CODE.get(data["brand"], BY_CODE["onvif"])
            data["address"] = brand.address_of(data["host"], data["channel"] or 1)
        try:
            data["address"], name, password = without_login(data["address"].strip())
        except ValueError:
            self.add_error("address", REFUSED["host"])
            return
        self._check(Source(data["address"], is_test=settings.VISION_ASKS_ITSELF), "kind")
        if data["login_name"] or data.get("forgets_login"):
            name, password = data["login_name"], data["login_password"]
        if name or data.get("forgets_login"):
            self.login = name, password
        elif self.instance.login and _server(data["address"]) != _server(self._stored_address):
            self.add_error("login_name", _("This is another address: write its name and password."))

    def _check(self, source: Source, kind: str) -> None:
        try:
            check_address(source)
        except AddressRefused as refused:
            reason = str(refused)
            self.add_error("address", REFUSED[kind if reason == "kind" else reason])


def _server(address: str) -> tuple[str, str]:
    """Who would be told the password."""
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


class PointsField(forms.CharField):
    """Places on a picture in per cent of its width and height, as "10,20 90,20 90,80"; a list of fractions."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=400, **kwargs)
        self.least, self.most = least, most

    def prepare_value(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return " ".join(f"{100 * x:.1f},{100 * y:.1f}" for x, y in as_points(value))

    def to_python(self, value: Any) -> list[list[float]]:  # type: ignore[override]
        text = super().to_python(value) or ""
        try:
            pairs = [pair.split(",") for pair in text.split()]
            points = [[_fraction(x), _fraction(y)] for x, y in pairs]
        except ValueError as error:
            raise ValidationError(_("Write pairs of numbers, such as 10,20 90,20 90,80.")) from error
        if points and not self.least <= len({tuple(point) for point in points}) <= len(points) <= self.most:
            raise ValidationError(
                _("This takes %(least)d to %(most)d different points."),
                params={"least": self.least, "most": self.most},
            )
        return points


def _fraction(percent: str) -> float:
    """Within the picture, whatever was written. Raises ValueError, also for what is no number."""
    number = float(percent)
    if number != number:
        raise ValueError(percent)
    return round(min(max(number / 100, 0.0), 1.0), 4)


class PlacesForm(forms.Form):
    """What is drawn on a camera's picture; the script of the page writes into these fields as one draws."""

    region = PointsField(least=3, most=MOST_POINTS, label=_("What counts"))
    counter = PointsField(least=3, most=MOST_POINTS, label=_("Counter"))
    door = PointsField(least=2, most=2, label=_("Door"))
    upi_stand = PointsField(least=3, most=MOST_POINTS, label=_("UPI stand"))
    cash_drawer = PointsField(least=3, most=MOST_POINTS, label=_("Cash drawer"))

    def places(self) -> dict[str, Sequence[Sequence[float]]]:
        return dict(self.cleaned_data)


class EyeForm(forms.ModelForm[VisionSettings]):
    """What a face must be like to be compared, and what makes a visit."""

    class Meta:
        model = VisionSettings
        fields: ClassVar = [
            "min_sharpness", "max_yaw", "edge_px", "unnamed_shots", "visit_gap_s", "counter_after_s", "finds_bodies",
        ]  # fmt: skip
