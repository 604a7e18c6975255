"""Forms of the roof: set-up and staff."""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sales.models import CanPrice, CanType, SalesSettings
from watershop import accounts, pins
from watershop.models import Role, Shop, User


class SetupForm(forms.Form):
    """The one short page that opens a real shop: its name, its owner, its UPI id and first clerk."""

    shop_name = forms.CharField(label=_("Shop name"), max_length=80)
    slug = forms.SlugField(
        label=_("Address"), max_length=40, initial="shop", help_text=_("Part of the web address: /s/shop/")
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    upi_id = SalesSettings._meta.get_field("upi_id").formfield(label=_("UPI id"), required=False)
    username = forms.CharField(label=_("Your user name"), max_length=150)
    password = forms.CharField(label=_("Your password"), widget=forms.PasswordInput)
    clerk = forms.CharField(
        label=_("First clerk's user name"),
        max_length=150,
        required=False,
        help_text=_("Leave empty to add staff later."),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(username=self.data.get("username", "")))
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("clerk") and data.get("clerk") == data.get("username"):
            self.add_error("clerk", _("Give the clerk a user name of their own."))
        return data


class CanTypeRow(forms.Form):
    """A can size on the set-up page; a row left empty is no size."""

    code = CanType._meta.get_field("code").formfield(label=_("Size"))
    litres = CanType._meta.get_field("litres").formfield()
    price = CanPrice._meta.get_field("price").formfield()
    deposit = CanType._meta.get_field("deposit").formfield(initial=None)


CanTypeRows = forms.formset_factory(CanTypeRow, extra=1, min_num=1, validate_min=True, can_delete=True)


class OwnPasswordForm(PasswordChangeForm):
    """A new password of one's own: a one-time password, above all, may not replace itself."""

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError(_("This is the old password. Choose another one."))
        return password

    def save(self, commit: bool = True) -> User:
        accounts.set_password(self.user, self.cleaned_data["new_password1"])
        return self.user


def _pin_field(label: Any) -> forms.CharField:
    keys = {"inputmode": "numeric", "autocomplete": "off", "maxlength": pins.MOST_DIGITS}
    return forms.CharField(label=label, widget=forms.PasswordInput(keys))


class OwnPinForm(forms.Form):
    """A PIN of one's own, set with the password, so that who finds the device open can't set one."""

    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput({"autocomplete": "current-password"})
    )
    new_pin = _pin_field(_("New PIN, 4 to 6 digits"))
    new_pin_again = _pin_field(_("The same PIN again"))

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise ValidationError(_("This is not your password."))
        return password

    def clean_new_pin(self) -> str:
        digits: str = self.cleaned_data["new_pin"]
        pins.refuse_weak(digits)
        return digits

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "new_pin" in data and data["new_pin"] != data.get("new_pin_again"):
            self.add_error("new_pin_again", _("The two PINs differ."))
        return data


class StaffForm(forms.Form):
    """Somebody new in the shop: a new user name, or one that works in another shop already."""

    username = User._meta.get_field("username").formfield(label=_("User name"))
    first_name = forms.CharField(label=_("Name"), max_length=150, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(label=_("Role"), choices=Role.choices, coerce=Role)


class ShopForm(forms.ModelForm[Shop]):
    """What the set-up page asked for about the shop itself, and its hours."""

    upi_id = SalesSettings._meta.get_field("upi_id").formfield(label=_("UPI id"), required=False)

    class Meta:
        model = Shop
        fields = (
            "name",
            "language",
            "opens_at",
            "closes_at",
            "quiet_from",
            "quiet_until",
            "lock_after_minutes",
            "email",
        )
        widgets: ClassVar = {
            name: forms.TimeInput({"type": "time"}, "%H:%M")
            for name in ("opens_at", "closes_at", "quiet_from", "quiet_until")
        }
