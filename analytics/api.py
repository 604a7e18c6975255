"""The shop's numbers for other programs."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import queries, rollup, visitors
from analytics.comparing import needed
from analytics.glance import glance, signs
from sales.models import Tender
from vision.models import VisionSettings
from watershop.api import ShopAPIView
from watershop.dates import Period, period_from, today
from watershop.models import Right

REGULARS = 48


class Takings(serializers.Serializer[Any]):
    """Money received by one tender, less money given back."""

    tender = serializers.ChoiceField(choices=Tender.choices)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)


class EarlierOut(serializers.Serializer[Any]):
    """The same weekdays before, up to `until`: the same time of day where the period is not over."""

    first = serializers.DateField(source="earlier.first")
    last = serializers.DateField(source="earlier.last")
    until = serializers.DateTimeField()
    sales = serializers.IntegerField(source="there.sales")
    cans = serializers.IntegerField(source="there.cans")
    revenue = serializers.DecimalField(max_digits=12, decimal_places=2, source="there.revenue")
    taken = serializers.DecimalField(max_digits=12, decimal_places=2, source="there.taken")
    visits = serializers.IntegerField(source="there.visits")
    cans_out = serializers.IntegerField(source="there.cans_out")


class SummaryOut(serializers.Serializer[Any]):
    """How the days from `first` to `last` went, both included, on the shop's clock."""

    first = serializers.DateField()
    last = serializers.DateField()
    sales = serializers.IntegerField(help_text="sales that were not voided")
    cans = serializers.IntegerField(help_text="cans in them")
    revenue = serializers.DecimalField(max_digits=12, decimal_places=2, help_text="what they are worth")
    takings = Takings(many=True)
    due = serializers.DecimalField(max_digits=12, decimal_places=2, help_text="still unpaid of these sales")
    unpaid_sales = serializers.IntegerField()
    cans_out = serializers.IntegerField(help_text="cans that customers held at the end")
    visits = serializers.IntegerField()
    new_persons = serializers.IntegerField(help_text="seen for the first time")
    returning_persons = serializers.IntegerField(help_text="seen before the first day")
    sales_per_visit = serializers.DecimalField(
        max_digits=8, decimal_places=2, allow_null=True, help_text="on the days with visits; null without any"
    )
    revenue_per_visit = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        allow_null=True,
        help_text="on the days with visits; null without any",
    )
    earlier = EarlierOut()
    sentence = serializers.CharField(help_text="how the shop stands, in the language of the request")
    debtors = serializers.IntegerField(help_text="late payers who came; of today alone")
    cameras_offline = serializers.ListField(
        child=serializers.CharField(), help_text="their names; of today alone"
    )


class DayOut(serializers.Serializer[Any]):
    """Who came on one day, by the shop's clock."""

    day = serializers.DateField()
    visits = serializers.IntegerField(source="visitors.visits")
    new = serializers.IntegerField(source="visitors.new", help_text="never seen on an earlier day")
    returning = serializers.IntegerField(source="visitors.returning")
    anonymous = serializers.IntegerField(source="visitors.anonymous", help_text="visits of nobody known")


class RegularOut(serializers.Serializer[Any]):
    """Somebody who came: an account, or a face that is of none."""

    customer = serializers.IntegerField(source="customer_id", allow_null=True)
    person = serializers.IntegerField(source="person_id", allow_null=True)
    name = serializers.CharField(help_text="the name, or the code where nobody gave one")
    visits = serializers.IntegerField()
    days = serializers.IntegerField(help_text="on how many days")
    faces = serializers.IntegerField(help_text="how many faces the account came with")
    last_at = serializers.DateTimeField()


class VisitorsOut(serializers.Serializer[Any]):
    """Who came on the days from `first` to `last`, both included; faces of one account are one visitor."""

    first = serializers.DateField()
    last = serializers.DateField()
    remembered_days = serializers.IntegerField(
        help_text="how long a face without a name is remembered: who stays away longer is new again"
    )
    visits = serializers.IntegerField()
    new = serializers.IntegerField(help_text="visitors never seen before")
    returning = serializers.IntegerField(help_text="visitors seen before the first day")
    repeat = serializers.IntegerField(help_text="visitors who came on two of these days or more")
    anonymous = serializers.IntegerField(help_text="visits of nobody known")
    days = DayOut(many=True)
    regulars = RegularOut(many=True, help_text="who came most often")


PERIOD = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day; today when left out."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day; today when left out."),
]


class PeriodView(ShopAPIView):
    """Numbers of the days that the address names, for those who may see the shop's totals."""

    right = Right.SEE_TOTALS

    def period(self, request: Request) -> Period:
        """Raises exceptions.ValidationError with a sentence."""
        asked = request.query_params.get("from"), request.query_params.get("to")
        try:
            return period_from(self.shop, *asked, default=today(self.shop))
        except ValueError as error:
            raise exceptions.ValidationError({"period": [str(error)]}) from error


class VisitorsView(PeriodView):
    """Who came: new, returning, not recognised, and who came most often."""

    @extend_schema(operation_id="visitors", parameters=PERIOD, responses=VisitorsOut)
    def get(self, request: Request, slug: str) -> Response:
        period = self.period(request)
        total = visitors.visitors(self.shop, period)
        answer = {
            "first": period.first,
            "last": period.last,
            "remembered_days": VisionSettings.of(self.shop).unnamed_days,
            "visits": total.visits,
            "new": total.new,
            "returning": total.returning,
            "repeat": visitors.repeat_visitors(self.shop, period),
            "anonymous": total.anonymous,
            "days": visitors.visitors_by_day(self.shop, period),
            "regulars": visitors.regulars(self.shop, period, REGULARS),
        }
        return Response(VisitorsOut(answer).data)


class SummaryView(PeriodView):
    """The numbers of the dashboard."""

    @extend_schema(operation_id="summary", parameters=PERIOD, responses=SummaryOut)
    def get(self, request: Request, slug: str) -> Response:
        period, now = self.period(request), timezone.now()
        rollup.refresh(self.shop)  # a program reads no note on days that still wait
        with rollup.look(self.shop):
            said = signs(self.shop, period, now)
            seen = glance(self.shop, period, queries.totals(self.shop, needed(period)), said, now)
        numbers, here = seen.numbers, seen.compared.here
        answer = {
            "first": period.first,
            "last": period.last,
            "sales": numbers.sold.sales,
            "cans": numbers.sold.cans,
            "revenue": numbers.sold.revenue,
            "takings": numbers.takings,
            "due": numbers.settled.due,
            "unpaid_sales": numbers.settled.unpaid_sales,
            "cans_out": numbers.cans_out,
            "visits": numbers.visitors.visits,
            "new_persons": numbers.visitors.new,
            "returning_persons": numbers.visitors.returning,
            "sales_per_visit": here.conversion and round(here.conversion, 2),
            "revenue_per_visit": here.per_visit and round(here.per_visit, 2),
            "earlier": seen.compared,
            "sentence": seen.headline.text,
            "debtors": said.debtors,
            "cameras_offline": [str(camera) for camera in said.offline],
        }
        return Response(SummaryOut(answer).data)
