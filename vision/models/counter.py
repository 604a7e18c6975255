"""What the clerk says at the counter: who it is, and how many cans came and went."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from sales.models import Sale
from vision.models.cameras import Camera
from vision.models.people import IdentityEvent, Person
from vision.models.visits import SaleLink, Visit
from watershop.constraints import SameShop
from watershop.models import ShopRow, User, shop_id_unique


class CounterChoice(ShopRow):
    """Who a face in sight is, as the clerk chose: the tile that was shown, or somebody else whose name they typed.

    `client_ref` is that of the till's form, and so of the sale. The visit comes later, when the film is watched.
    """

    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="choices", db_constraint=False)
    track = models.CharField(max_length=40)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    shown = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    """Whom the tile said, if anybody."""
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    """Whom the clerk said; nobody while a face without a name is served and the bill has none either."""
    is_correction = models.BooleanField(default=False)
    client_ref = models.CharField(max_length=255, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    visit = models.ForeignKey(
        Visit, null=True, on_delete=models.SET_NULL, related_name="choices", db_constraint=False
    )
    event = models.ForeignKey(
        IdentityEvent, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    """What the correction did to the visit."""

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("counterchoice"),
            models.UniqueConstraint(
                fields=["shop", "client_ref"], condition=~Q(client_ref=""), name="counterchoice_one_per_bill"
            ),
            SameShop("camera", name="counterchoice_camera_same_shop"),
            SameShop("shown", name="counterchoice_shown_same_shop"),
            SameShop("customer", name="counterchoice_customer_same_shop"),
            SameShop("visit", name="counterchoice_visit_same_shop"),
            SameShop("event", name="counterchoice_event_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "at"], name="counterchoice_by_time")]


class CanCount(ShopRow):
    """How many cans somebody brought and took, as the clerk counted, to lay beside the lines of the sale."""

    brought = models.PositiveSmallIntegerField(_("brought"), default=0)
    taken = models.PositiveSmallIntegerField(_("taken"), default=0)
    client_ref = models.CharField(max_length=255, blank=True)
    sale = models.ForeignKey(
        Sale, null=True, on_delete=models.PROTECT, related_name="can_counts", db_constraint=False
    )
    visit = models.ForeignKey(
        Visit, null=True, on_delete=models.SET_NULL, related_name="can_counts", db_constraint=False
    )
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("cancount"),
            models.UniqueConstraint(
                fields=["shop", "client_ref"], condition=~Q(client_ref=""), name="cancount_one_per_bill"
            ),
            SameShop("sale", name="cancount_sale_same_shop"),
            SameShop("visit", name="cancount_visit_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "at"], name="cancount_by_time")]


class Lesson(ShopRow):
    """A sale that named its customer shows whose face its visit probably is: in quarantine until it has passed."""

    class State(models.TextChoices):
        QUARANTINED = "quarantined", _("waits")
        LEARNT = "learnt", _("learnt")
        REJECTED = "rejected", _("rejected")
        TAKEN_BACK = "taken_back", _("taken back")

    link = models.OneToOneField(
        SaleLink, on_delete=models.CASCADE, related_name="lesson", db_constraint=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="lessons", db_constraint=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUARANTINED)
    why = models.CharField(max_length=20, blank=True)
    """What it waits for or failed: consent, quality, outlier, other_person."""
    event = models.ForeignKey(
        IdentityEvent, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    """The naming that it led to, which takes it back."""
    made_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("lesson"),
            SameShop("link", name="lesson_link_same_shop"),
            SameShop("customer", name="lesson_customer_same_shop"),
            SameShop("person", name="lesson_person_same_shop"),
            SameShop("event", name="lesson_event_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["shop", "state"], name="lesson_by_state")]
