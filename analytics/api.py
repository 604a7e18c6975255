"""The shop's numbers for other programs."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import queries
from sales.models import Tender
from watershop.api import ShopAPIView
from watershop.dates import period_from, today
from watershop.models import Right


class Takings(serializers.Serializer[Any]):
    """Money received by one tender, less money given back."""

    tender = serializers.ChoiceField(choices=Tender.choices)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)


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


class SummaryView(ShopAPIView):
    """The numbers of the dashboard."""

    right = Right.SEE_TOTALS

    @extend_schema(
        operation_id="summary",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day; today when left out."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day; today when left out."),
        ],
        responses=SummaryOut,
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = request.query_params.get("from"), request.query_params.get("to")
        try:
            period = period_from(self.shop, *asked, default=today(self.shop))
        except ValueError as error:
            raise exceptions.ValidationError({"period": [str(error)]}) from error
        numbers = queries.summary(self.shop, period)
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
        }
        return Response(SummaryOut(answer).data)
