"""Batches of tag reads from the readers at the gates."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers.models import Customer
from sales.models import TagRead
from sales.tags import Result, Seen, take_reads
from watershop.api import IDEMPOTENCY_KEY, ShopAPIView
from watershop.audit import Actor

MOST_READS = 1000


class ReadWish(serializers.Serializer[Any]):
    """A tag at a gate; `customer` is the code of who the can goes out to."""

    tag = serializers.CharField(max_length=80)
    gate = serializers.ChoiceField(TagRead.Gate.choices)
    at = serializers.DateTimeField()
    customer = serializers.CharField(required=False, max_length=40)


class ReadsWish(serializers.Serializer[Any]):
    reads = serializers.ListField(child=ReadWish(), allow_empty=False, max_length=MOST_READS)


class ReadAnswer(serializers.Serializer[Any]):
    tag = serializers.CharField()
    result = serializers.ChoiceField([result.value for result in Result])


class ReadAnswers(serializers.Serializer[Any]):
    results = ReadAnswer(many=True)


class TagReads(ShopAPIView):
    """Tags read at the gates."""

    @extend_schema(
        operation_id="take_tag_reads",
        description="Up to 1000 reads in any order. A tag at the same gate within a minute is one read.",
        parameters=[IDEMPOTENCY_KEY],
        request=ReadsWish,
        responses={200: ReadAnswers},
    )
    def post(self, request: Request, slug: str) -> Response:
        return self.once(request, lambda _key: self._take(request))

    def _take(self, request: Request) -> tuple[int, dict[str, Any]]:
        wish = ReadsWish(data=request.data)
        wish.is_valid(raise_exception=True)
        rows = wish.validated_data["reads"]
        codes = {row["customer"] for row in rows if row.get("customer")}
        customers = {row.code: row for row in Customer.objects.of(self.shop).filter(code__in=codes)}
        seen = [
            Seen(row["tag"], TagRead.Gate(row["gate"]), row["at"], customers.get(row.get("customer", "")))
            for row in rows
        ]
        results = take_reads(self.shop, seen, actor=Actor.of(request))
        answers = [
            {"tag": read.code, "result": result.value} for read, result in zip(seen, results, strict=True)
        ]
        return 200, {"results": answers}
