"""Who buys. A customer has a code per shop that never changes; everything else about them may."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from watershop.models import Counter, Shop, ShopRow, shop_id_unique, validate_code

validate_phone = RegexValidator(
    r"^\+?[0-9]{7,15}$", _("A phone number has 7 to 15 digits, with + in front if abroad.")
)


class CustomerQuerySet(models.QuerySet["Customer"]):
    def of(self, shop: Shop) -> "CustomerQuerySet":
        return self.filter(shop=shop)

    def active(self) -> "CustomerQuerySet":
        return self.filter(is_active=True)

    def search(self, text: str) -> "CustomerQuerySet":
        """Those whose name or code contains the text, or whose phone number ends with its digits."""
        text = text.replace("\0", "").strip()  # PostgreSQL has no text with NUL in it
        if not text:
            return self
        found = Q(name__icontains=text) | Q(code__icontains=text)
        digits = "".join(filter(str.isdecimal, text))
        if digits and len(digits) >= 2:
            found |= Q(phone__endswith=digits)
        return self.filter(found)


class Customer(ShopRow):
    """A named buyer with an account: what they owe and which cans they hold is summed from `sales`."""

    code = models.CharField(_("code"), max_length=40, validators=[validate_code])
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone"), max_length=16, blank=True, validators=[validate_phone])
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    credit_limit = models.DecimalField(
        _("credit limit"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("What the customer may owe at most. Empty: no limit."),
    )
    has_refused_reminders = models.BooleanField(_("wants no reminders"), default=False)
    keeps_cans_free = models.BooleanField(_("keeps cans without a deposit"), default=False)
    is_credit_blocked = models.BooleanField(_("nothing on credit"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("known since"), default=timezone.now, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering: ClassVar = ["name", "code"]
        constraints: ClassVar = [
            shop_id_unique("customer"),
            models.UniqueConstraint(fields=["shop", "code"], name="customer_code_once_per_shop"),
            models.CheckConstraint(
                condition=Q(credit_limit__gte=0), name="customer_credit_limit_not_negative"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "name"], name="customer_by_name")]

    def __str__(self) -> str:
        return self.name


def next_codes(shop: Shop, count: int = 1) -> list[str]:
    """The next free codes CUST_0001, CUST_0002 ...; codes that an import brought along are stepped over."""
    codes: list[str] = []
    while len(codes) < count:
        wanted = [f"CUST_{n:04d}" for n in Counter.take(shop, "customer", count - len(codes))]
        taken = set(Customer.objects.of(shop).filter(code__in=wanted).values_list("code", flat=True))
        codes += [code for code in wanted if code not in taken]
    return codes
