"""Forms of `vision`: a recording comes in, a person gets a name."""

from pathlib import Path
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from vision import recordings
from vision.frames import UnreadableVideo, container_of
from vision.models import CanCount, Person, Recording
from vision.privacy import consents
from watershop.models import Shop


class UploadForm(forms.Form):
    """A video from a camera. Cleaned, it also has `start`: when it starts and who says so."""

    file = forms.FileField(
        label=_("Choose a recording"),
        help_text=_("mp4, avi, mkv, mov or ts"),
        widget=forms.FileInput(attrs={"accept": "video/*,.mkv,.ts"}),
    )
    camera = forms.CharField(
        label=_("Camera"),
        max_length=60,
        initial=_("Counter"),
        widget=forms.TextInput(attrs={"list": "cameras"}),
    )
    started_at = forms.DateTimeField(
        label=_("It starts at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}),
        help_text=_("Leave empty if the camera writes the time into its files."),
    )
    # The file's own date, which only the browser knows; recordings.js fills it in.
    file_date = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def clean_file(self) -> TemporaryUploadedFile:
        upload: TemporaryUploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > settings.UPLOAD_MAX_BYTES:
            raise ValidationError(too_large())
        try:
            container_of(Path(upload.temporary_file_path()))
        except UnreadableVideo as error:
            raise ValidationError(recordings.REASONS[error.code]) from error
        return upload

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "file" not in data or "started_at" not in data:
            return data
        path = Path(data["file"].temporary_file_path())
        start = recordings.start_of(path, data["started_at"])
        if start[1] != Recording.StartSource.FILE:
            data["start"] = start
        elif data.get("file_date"):
            data["start"] = data["file_date"], Recording.StartSource.FILE
        else:
            self.add_error("started_at", _("This video does not say when it starts. Write it in here."))
        return data


def too_large() -> str:
    """The sentence for a file over the limit."""
    largest = settings.UPLOAD_MAX_BYTES // 1024**2
    return _("This file is larger than %(largest)s MB. Cut it into shorter recordings.") % {
        "largest": largest
    }


class PersonForm(forms.ModelForm[Person]):
    """Who a person is: a name, one of the customers who agrees to be known, or one of us.

    `text` is what the page shows them; its language and hash come back with the tick.
    """

    agrees = forms.BooleanField(
        label=_("This customer was read the text below and agrees"), required=False, initial=False
    )
    language = forms.CharField(required=False)
    text_sha256 = forms.CharField(required=False)

    class Meta:
        model = Person
        fields: ClassVar = ["name", "customer", "is_shop_staff", "is_ignored"]

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text = consents.text(shop, get_language() or shop.language)
        customer = self.fields["customer"]
        assert isinstance(customer, forms.ModelChoiceField)
        customer.queryset = Customer.objects.of(shop).active()
        customer.empty_label = str(_("Nobody on the list"))

    def said(self) -> dict[str, Any]:
        """Of a valid form, what it says of the person."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    def agreement(self) -> consents.Agreement | None:
        """Of a valid form, what the customer agreed to, if they did so now."""
        data = self.cleaned_data
        return consents.Agreement(data["language"], data["text_sha256"]) if data["agrees"] else None


class WhoForm(forms.Form):
    """One of the shop's persons, by code or by the whole name; cleaned, `who` is the person."""

    who = forms.CharField(label=_("Code or name"), max_length=80)

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shop = shop

    def clean_who(self) -> Person:
        text = self.cleaned_data["who"].strip()
        people = Person.objects.of(self._shop)
        if by_code := people.filter(code__iexact=text).first():
            return by_code.now()
        names = Q(name__iexact=text) | Q(customer__name__iexact=text) | Q(customer__code__iexact=text)
        found = list(people.shown().filter(names)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise ValidationError(_("Several persons are called that. Give the code."))
        raise ValidationError(_("Nobody is called that. Give a code such as P_0001."))


class BillForm(forms.Form):
    """The bill at the till: its key, and the customer on it, if any."""

    client_ref = forms.UUIDField()
    customer = forms.ModelChoiceField(Customer.objects.none(), required=False)

    def __init__(self, shop: Shop, data: Any) -> None:
        super().__init__(data)
        self.fields["customer"].queryset = Customer.objects.of(shop).active()  # type: ignore[attr-defined]


class CansForm(forms.ModelForm[CanCount]):
    """How many cans came and went with the bill of this key."""

    client_ref = forms.UUIDField()

    class Meta:
        model = CanCount
        fields: ClassVar = ["brought", "taken"]
