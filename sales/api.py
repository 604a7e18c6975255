"""Sales, payments, returned cans and dues over the API. Money is a decimal string in rupees."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.models import Customer
from sales.dues import debts
from sales.forms import MOST_CANS, SalesFilter, past
from sales.ledger import receive_payment, record_sale
from sales.models import MONEY, CanMovement, CanType, Payment, Sale, SaleLine, Tender
from sales.new_sale import Line, NewSale
from sales.pricelist import priced
from sales.returns import Returned, return_cans
from watershop.api import IDEMPOTENCY_KEY, Pages, ShopAPIView
from watershop.audit import Actor
from watershop.models import Right, Role, Shop
from watershop.roles import require


def money() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=MONEY.max_digits, decimal_places=MONEY.decimal_places)


class OfShop(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row of the shop that the serializer's context names; any other id is no such row."""

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        assert rows is not None
        return rows.filter(shop=self.context["shop"])


class CanTypeSerializer(serializers.ModelSerializer[CanType]):
    price = money()

    class Meta:
        model = CanType
        fields = ("id", "code", "name", "litres", "price", "deposit")


class EachSizeOnce(serializers.ListSerializer[Any]):
    """Counted cans, each size on one line: two lines of a size would leave it open which one counts."""

    def validate(self, attrs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        sizes = [row["can_type"] for row in attrs]
        if len(sizes) != len(set(sizes)):
            raise serializers.ValidationError(_("Put each can size on one line."))
        return attrs


class CountedCans(serializers.Serializer[Any]):
    """So many cans of a size that is on sale."""

    can_type = OfShop(queryset=CanType.objects.on_sale())
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_CANS)

    class Meta:
        list_serializer_class = EachSizeOnce


class CountedEmpties(CountedCans):
    """So many empty cans; a size that is not sold any more still comes back."""

    can_type = OfShop(queryset=CanType.objects.all())


class LineSerializer(serializers.ModelSerializer[SaleLine]):
    code = serializers.CharField(source="can_type.code")

    class Meta:
        model = SaleLine
        fields = ("can_type", "code", "quantity", "amount")


class SaleSerializer(serializers.ModelSerializer[Sale]):
    """A sale: its stated tender, the `total` of its lines, what was `paid` of it and what is `due`."""

    tender = serializers.ChoiceField(Tender.choices, source="stated_tender")
    lines = LineSerializer(many=True)
    total = money()
    paid = money()
    due = money()
    is_void = serializers.SerializerMethodField()

    class Meta:
        model = Sale
        fields = (
            "id",
            "code",
            "receipt",
            "customer",
            "sold_at",
            "recorded_at",
            "tender",
            "source",
            "lines",
            "total",
            "paid",
            "due",
            "is_void",
        )

    def get_is_void(self, sale: Sale) -> bool:
        return hasattr(sale, "void")


class PartOfPrice(serializers.Serializer[Any]):
    """What one tender brings of the price."""

    tender = serializers.ChoiceField(Tender.choices)
    amount = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal("0.01"))


class SaleWish(serializers.Serializer[Any]):
    """A sale to record, at the prices of the price list."""

    customer = OfShop(queryset=Customer.objects.active(), allow_null=True, default=None)
    lines = CountedCans(many=True)
    empties = CountedEmpties(many=True, default=list)
    tender = serializers.ChoiceField(Tender.choices)
    is_paid = serializers.BooleanField(default=True)
    split = PartOfPrice(
        many=True, required=False, help_text="What each tender brings; the rest is on credit."
    )
    sold_at = serializers.DateTimeField(required=False, help_text="Needs the right to back-date.")

    def validate_split(self, parts: list[dict[str, Any]]) -> dict[Tender, Decimal]:
        split = {Tender(part["tender"]): part["amount"] for part in parts}
        if len(split) != len(parts):
            raise serializers.ValidationError(_("Put each tender on one line."))
        return split

    def validate_sold_at(self, at: datetime) -> datetime | None:
        return past(at)


class PaymentWish(serializers.Serializer[Any]):
    """Money that a customer brings; it settles the chosen dues, then their oldest first."""

    customer = OfShop(queryset=Customer.objects.all())
    amount = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal("0.01"))
    tender = serializers.ChoiceField(Tender.choices)
    dues = serializers.ListField(
        child=serializers.CharField(max_length=40),
        default=list,
        help_text="Keys from the list of dues, to be settled before all others.",
    )


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    class Meta:
        model = Payment
        fields = ("id", "customer", "amount", "tender", "received_at")


class ReturnWish(serializers.Serializer[Any]):
    """Empties that a customer brings back without buying."""

    customer = OfShop(queryset=Customer.objects.all())
    cans = CountedEmpties(many=True, allow_empty=False)


class MovementSerializer(serializers.ModelSerializer[CanMovement]):
    """Cans that moved; a negative quantity came back."""

    class Meta:
        model = CanMovement
        fields = ("id", "customer", "can_type", "quantity", "at")


class MovementsSerializer(serializers.Serializer[Any]):
    movements = MovementSerializer(many=True)


class DueSerializer(serializers.Serializer[Any]):
    """An open sale; without `id` and `code` it is the customer's opening balance."""

    id = serializers.IntegerField(source="sale_id", allow_null=True)
    key = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    sold_at = serializers.DateTimeField(source="at")
    total = money()
    paid = money()
    due = money()


class DebtSerializer(serializers.Serializer[Any]):
    """A customer who owes: `balance` in all, and what is open, the oldest first."""

    id = serializers.IntegerField(source="customer.pk")
    code = serializers.CharField(source="customer.code")
    name = serializers.CharField(source="customer.name")
    balance = money()
    unpaid_count = serializers.IntegerField()
    oldest_due_at = serializers.DateTimeField()
    dues = DueSerializer(many=True)


class CanTypes(ShopAPIView):
    """What is on sale."""

    pagination_class = Pages

    @extend_schema(operation_id="list_can_types", responses=CanTypeSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        return self.paginated(priced(CanType.objects.of(self.shop).on_sale()), CanTypeSerializer)


def _sale(shop: Shop, pk: int) -> Sale:
    sales = Sale.objects.of(shop).with_sums().select_related("void").prefetch_related("lines__can_type")
    return get_object_or_404(sales, pk=pk)


class Sales(ShopAPIView):
    """The sales of the shop."""

    pagination_class = Pages

    @extend_schema(
        operation_id="list_sales",
        description="Today's sales, unless days, a customer or `unpaid` are named.",
        parameters=[
            OpenApiParameter("from", str, description="First day, such as 2026-11-01; today when left out."),
            OpenApiParameter("to", str, description="Last day; today when left out."),
            OpenApiParameter("customer", int, description="Sales of this customer."),
            OpenApiParameter("unpaid", bool, description="Only those with something due."),
        ],
        responses=SaleSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        wish = SalesFilter(self.shop, request.query_params)
        if not wish.is_valid():
            raise ValidationError(wish.errors.as_data())
        rows = wish.sales().select_related("void").prefetch_related("lines__can_type")
        return self.paginated(rows, SaleSerializer)

    @extend_schema(
        operation_id="record_sale",
        parameters=[IDEMPOTENCY_KEY],
        request=SaleWish,
        responses={201: SaleSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        return self.once(request, lambda key: self._record(request, key))

    def _record(self, request: Request, key: str) -> tuple[int, dict[str, Any]]:
        wish = SaleWish(data=request.data, context={"shop": self.shop})
        wish.is_valid(raise_exception=True)
        sale = record_sale(self.shop, Actor.of(request), self._new_sale(wish.validated_data, key))
        return 201, SaleSerializer(_sale(self.shop, sale.pk)).data

    def _new_sale(self, data: dict[str, Any], key: str) -> NewSale:
        if "sold_at" in data:
            require(self.membership, self.rights, role=self.role, right=Right.BACK_DATE)
        data["tender"] = Tender(data["tender"])
        data["lines"] = [Line(**line) for line in data["lines"]]
        data["empties"] = [(row["can_type"], row["quantity"]) for row in data["empties"]]
        return NewSale(**data, client_ref=key, source=Sale.Source.API)


class SaleDetail(ShopAPIView):
    """One sale."""

    @extend_schema(operation_id="get_sale", responses=SaleSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        return Response(SaleSerializer(_sale(self.shop, pk)).data)


class Payments(ShopAPIView):
    """Money that customers bring."""

    @extend_schema(
        operation_id="receive_payment",
        parameters=[IDEMPOTENCY_KEY],
        request=PaymentWish,
        responses={201: PaymentSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        return self.once(request, lambda key: self._receive(request, key))

    def _receive(self, request: Request, key: str) -> tuple[int, dict[str, Any]]:
        wish = PaymentWish(data=request.data, context={"shop": self.shop})
        wish.is_valid(raise_exception=True)
        payment = receive_payment(**wish.validated_data, actor=Actor.of(request), client_ref=key)
        return 201, PaymentSerializer(payment).data


class CanReturns(ShopAPIView):
    """Empties that come back."""

    @extend_schema(
        operation_id="return_cans",
        parameters=[IDEMPOTENCY_KEY],
        request=ReturnWish,
        responses={201: MovementsSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        return self.once(request, lambda key: self._return(request, key))

    def _return(self, request: Request, key: str) -> tuple[int, dict[str, Any]]:
        wish = ReturnWish(data=request.data, context={"shop": self.shop})
        wish.is_valid(raise_exception=True)
        data = wish.validated_data
        moves = return_cans(
            customer=data["customer"],
            returned=[Returned(row["can_type"], row["quantity"]) for row in data["cans"]],
            actor=Actor.of(request),
            client_ref=key,
        )
        return 201, MovementsSerializer({"movements": moves}).data


class Dues(ShopAPIView):
    """Who owes what, and for which sales."""

    pagination_class = Pages

    @extend_schema(
        operation_id="list_dues",
        description="Clerks ask for one customer; the whole list is for managers.",
        parameters=[OpenApiParameter("customer", int, description="Only this customer.")],
        responses=DebtSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        rows = debts(self.shop, only=self._customer(request.query_params.get("customer")))
        return self.paginated(rows, DebtSerializer)

    def _customer(self, pk: str | None) -> Customer | None:
        if not pk:
            require(self.membership, self.rights, role=Role.MANAGER, right=None)
            return None
        number = serializers.IntegerField().run_validation(pk)
        return get_object_or_404(Customer.objects.of(self.shop), pk=number)
