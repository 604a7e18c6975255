"""Who buys. A customer has a code per shop that never changes; everything else about them may."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from watershop.constraints import SameShop
from watershop.models import Counter, Shop, ShopRow, shop_id_unique, validate_code

validate_phone = RegexValidator(
    r"^\+?[0-9]{7,15}$", _("A phone number has 7 to 15 digits, with + in front if abroad.")
)


FEWEST_CHARACTERS = 2  # fewer find too many to be of use


class CustomerQuerySet(models.QuerySet["Customer"]):
    def of(self, shop: Shop) -> "CustomerQuerySet":
        return self.filter(shop=shop)

    def active(self) -> "CustomerQuerySet":
        return self.filter(is_active=True)

    def search(self, text: str) -> "CustomerQuerySet":
        """Those whose name or code contains the text, or whose phone number ends with its digits."""
        text = _tidy(text)
        if not text:
            return self
        found = self.alias(grams=Grams("name", "code"), enohp=Reverse("phone"))
        return found.filter(_holds(text) | _ends_with(text))

    def find(self, text: str, *, most: int) -> "list[Customer]":
        """At most so many whom the text may mean, the likeliest first: of that code, phone number, name, part of it.

        An account that was merged is found as the one it went into.
        Each question stops at `most` and has an index of its own, so that a long book is searched as fast as a short
        one. One character means too many.
        """
        text = _tidy(text)
        if len(text) < FEWEST_CHARACTERS:
            return []
        rows = self.alias(grams=Grams("name", "code"), enohp=Reverse("phone")).order_by()
        found: dict[int, Customer] = {}
        for means in (
            Q(code__in={text, text.upper()}),
            _ends_with(text),
            _begins(text),
            _holds(text),
            _went_over(text),
        ):
            if len(found) < most:
                more = rows.filter(means).exclude(pk__in=found)[: most - len(found)]
                found |= {customer.pk: customer for customer in sorted(more, key=lambda row: row.name)}
        return list(found.values())


class Grams(Func):
    """The pairs and triples of letters of some texts, as in the index of the migration `find_by_any_part`."""

    function = "customers_grams"
    output_field = ArrayField(models.TextField())


def _tidy(text: str) -> str:
    return text.replace("\0", "").strip()  # PostgreSQL has no text with NUL in it


def _ends_with(text: str) -> Q:
    """The phone number ends with the digits of the text; asked back to front, as an index answers it."""
    digits = "" if any(map(str.isalpha, text)) else "".join(filter(str.isdecimal, text))
    return Q(enohp__startswith=digits[::-1]) if len(digits) >= FEWEST_CHARACTERS else Q(pk__in=())


def _begins(text: str) -> Q:
    return Q(name__istartswith=text)


def _holds(text: str) -> Q:
    """The name or code holds the text; the grams say where to look."""
    holds = Q(name__icontains=text) | Q(code__icontains=text)
    return holds & Q(grams__contains=Grams(Value(text))) if len(text) >= FEWEST_CHARACTERS else holds


def _went_over(text: str) -> Q:
    """An account that holds the text, or whose phone number ends with it, was merged into this one."""
    merged = Customer.objects.filter(merged_into__isnull=False)
    old = merged.alias(grams=Grams("name", "code"), enohp=Reverse("phone")).filter(
        _holds(text) | _ends_with(text)
    )
    return Q(pk__in=old.values("merged_into"))


class Customer(ShopRow):
    """A named buyer with an account: what they owe and which cans they hold is summed from `sales`."""

    code = models.CharField(_("code"), max_length=40, validators=[validate_code])
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone"), max_length=16, blank=True, validators=[validate_phone])
    email = models.EmailField(_("e-mail"), blank=True)
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
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged_from",
        db_constraint=False,
        db_index=False,
    )
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
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(is_active=False),
                name="customer_merged_is_inactive",
                violation_error_message=_("This account is merged with another one. Undo that first."),
            ),
            SameShop("merged_into", name="customer_merged_into_same_shop"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shop", "name"], name="customer_by_name"),
            models.Index(
                fields=["merged_into"], condition=Q(merged_into__isnull=False), name="customer_merged"
            ),
        ]

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
