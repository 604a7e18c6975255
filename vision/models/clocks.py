"""How far the clock of a camera is from the till's."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vision.models.cameras import Camera
from watershop.constraints import SameShop
from watershop.models import ShopRow, User, shop_id_unique


class ClockEstimate(ShopRow):
    """A camera's clock beside the till's, told by the sales and by who stood at the counter.

    Sale time = camera time + offset_s + drift_s_per_day * days since `at`. Rows are kept: a jump tells of a reboot.
    """

    class State(models.TextChoices):
        NOTED = "noted", _("not sure enough")
        APPLIED = "applied", _("applied")
        REFUSED = "refused", _("refused by hand")

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="clock_estimates", db_constraint=False
    )
    at = models.DateTimeField(_("at"), help_text=_("the middle of the time that it was estimated from"))
    first_at = models.DateTimeField(_("from"))
    last_at = models.DateTimeField(_("until"))
    offset_s = models.FloatField(_("offset"), help_text=_("in seconds; positive: the till's clock is ahead"))
    drift_s_per_day = models.FloatField(_("drift"), default=0)
    z = models.FloatField(help_text=_("height of the peak above the rest, in standard deviations"))
    peak_ratio = models.FloatField(help_text=_("the peak to the second highest"))
    spread_s = models.FloatField(help_text=_("how far sales are from it, in the middle"))
    sales = models.PositiveIntegerField(_("sales"))
    visits = models.PositiveIntegerField(_("visits"))
    curve = models.JSONField(default=list, help_text=_("[seconds, height] of the correlation, for its chart"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NOTED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    estimated_at = models.DateTimeField(_("estimated"), default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            shop_id_unique("clockestimate"),
            models.CheckConstraint(
                condition=Q(last_at__gte=models.F("first_at")), name="clockestimate_until_after_from"
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | Q(decided_at__isnull=False),
                name="clockestimate_refused_by_hand",
            ),
            SameShop("camera", name="clockestimate_camera_same_shop"),
        ]
        indexes: ClassVar = [models.Index(fields=["camera", "at"], name="clockestimate_by_time")]

    @property
    def apart_s(self) -> float:
        """How far the two clocks are apart, whichever is ahead."""
        return abs(self.offset_s)
