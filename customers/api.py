"""The customers of a shop over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers import book
from customers.models import Customer
from watershop.api import Pages, ShopAPIView
from watershop.audit import Actor


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A customer; the shop gives the code, and it never changes."""

    class Meta:
        model = Customer
        fields = ("id", "code", "name", "phone", "email", "language", "is_active", "created_at")
        read_only_fields: tuple[str, ...] = ("id", "code", "is_active", "created_at")

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("phone"), str):
            data = data | {"phone": book.tidy_phone(data["phone"])}
        return super().to_internal_value(data)


class CustomerChanges(CustomerSerializer):
    """What may change about a customer."""

    class Meta(CustomerSerializer.Meta):
        read_only_fields = ("id", "code", "created_at")


class Customers(ShopAPIView):
    """The book of customers."""

    pagination_class = Pages

    @extend_schema(
        operation_id="list_customers",
        parameters=[
            OpenApiParameter("q", str, description="Part of name or code, or a phone's last digits.")
        ],
        responses=CustomerSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = Customer.objects.of(self.shop).search(request.query_params.get("q", ""))
        return self.paginated(found, CustomerSerializer)

    @extend_schema(
        operation_id="add_customer", request=CustomerSerializer, responses={201: CustomerSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        wish = CustomerSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        fields = {"phone": "", "language": self.shop.language} | wish.validated_data
        customer = book.add_customer(shop=self.shop, actor=Actor.of(request), **fields)
        return Response(CustomerSerializer(customer).data, status=201)


class CustomerDetail(ShopAPIView):
    """One customer."""

    def customer(self, pk: int) -> Customer:
        return get_object_or_404(Customer.objects.of(self.shop), pk=pk)

    @extend_schema(operation_id="get_customer", responses=CustomerSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        return Response(CustomerSerializer(self.customer(pk)).data)

    @extend_schema(operation_id="change_customer", request=CustomerChanges, responses=CustomerSerializer)
    def patch(self, request: Request, slug: str, pk: int) -> Response:
        customer = self.customer(pk)
        wish = CustomerChanges(customer, data=request.data, partial=True)
        wish.is_valid(raise_exception=True)
        changed = book.change_customer(customer, wish.validated_data, actor=Actor.of(request))
        return Response(CustomerSerializer(changed).data)
