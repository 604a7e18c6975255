"""Visits, persons and recordings over the API, to read."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vision import recordings
from vision.models import Person, Recording, SaleLink, Visit
from watershop.api import Pages, ShopAPIView
from watershop.dates import period_from, today
from watershop.models import Right


class PersonSerializer(serializers.ModelSerializer[Person]):
    """Somebody whom a camera saw; `customer` is the code of the customer they are tied to, if any."""

    customer = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)

    class Meta:
        model = Person
        fields: tuple[str, ...] = ("id", "code", "name", "customer", "is_shop_staff", "is_ignored")


class PersonWithTimes(PersonSerializer):
    """A person, since when they are known, and who they turned out to be, if another."""

    class Meta(PersonSerializer.Meta):
        fields = (*PersonSerializer.Meta.fields, "created_at", "merged_into")


class LinkSerializer(serializers.ModelSerializer[SaleLink]):
    """A sale that was probably, or by decision, made in the visit."""

    sale_code = serializers.CharField(source="sale.code")

    class Meta:
        model = SaleLink
        fields = ("id", "sale", "sale_code", "confidence", "state")


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """One stay of a person, or of who it may be (`candidate`), or of nobody known; `distance` is the L2 to their
    templates, null for somebody new; `is_confirmed` says that a person decided whose it is."""

    person = PersonSerializer()
    candidate = PersonSerializer()
    camera = serializers.CharField(source="recording.camera.name")
    duration_s = serializers.FloatField(read_only=True)
    links = LinkSerializer(source="open_links", many=True)

    class Meta:
        model = Visit
        fields = (
            *(
                "id",
                "person",
                "candidate",
                "is_confirmed",
                "camera",
                "recording",
                "entry_at",
                "exit_at",
                "duration_s",
            ),
            *("entry_by", "exit_by", "counter_from_at", "counter_until_at"),
            *("shots", "distance", "links"),
        )


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    """A video and what became of it."""

    camera = serializers.CharField(source="camera.name")
    error = serializers.SerializerMethodField(help_text="why it failed and what to do")

    class Meta:
        model = Recording
        fields: tuple[str, ...] = (
            *("id", "camera", "original_name", "started_at", "started_at_source", "duration_s"),
            *("state", "error", "error_code", "created_at"),
        )

    def get_error(self, recording: Recording) -> str:
        return recordings.reason_of(recording)


class RecordingWithProgress(RecordingSerializer):
    """One recording, with how far it is watched."""

    progress = serializers.SerializerMethodField(help_text="per cent")
    visits = serializers.SerializerMethodField(help_text="how many were seen")

    class Meta(RecordingSerializer.Meta):
        fields = (*RecordingSerializer.Meta.fields, "progress", "visits")

    @extend_schema_field(OpenApiTypes.INT)
    def get_progress(self, recording: Recording) -> int:
        if recording.state == Recording.State.DONE:
            return 100
        return recordings.progress(recording).percent

    @extend_schema_field(OpenApiTypes.INT)
    def get_visits(self, recording: Recording) -> int:
        return recording.visits.count()


class Visits(ShopAPIView):
    """Who came, newest first."""

    right = Right.SEE_FACES
    pagination_class = Pages

    @extend_schema(
        operation_id="list_visits",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, description="First day; today when left out."),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last day; today when left out."),
        ],
        responses=VisitSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = request.query_params.get("from"), request.query_params.get("to")
        try:
            period = period_from(self.shop, *asked, default=today(self.shop))
        except ValueError as error:
            raise exceptions.ValidationError({"period": [str(error)]}) from error
        return self.paginated(Visit.objects.of(self.shop).during(period).for_cards(), VisitSerializer)


class VisitDetail(ShopAPIView):
    """One visit."""

    right = Right.SEE_FACES

    @extend_schema(operation_id="get_visit", responses=VisitSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        visit = get_object_or_404(Visit.objects.of(self.shop).for_cards(), pk=pk)
        return Response(VisitSerializer(visit).data)


class Persons(ShopAPIView):
    """Who was ever seen; `q` looks into code, name and customer. Vectors and pictures leave by no API."""

    right = Right.SEE_FACES
    pagination_class = Pages

    @extend_schema(
        operation_id="list_persons",
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Part of a code or a name.")],
        responses=PersonWithTimes(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = Person.objects.of(self.shop).shown().like(request.query_params.get("q", ""))
        return self.paginated(found.select_related("customer"), PersonWithTimes)


class PersonDetail(ShopAPIView):
    """One person, also one who turned out to be another."""

    right = Right.SEE_FACES

    @extend_schema(operation_id="get_person", responses=PersonWithTimes)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        found = get_object_or_404(Person.objects.of(self.shop).select_related("customer"), pk=pk)
        return Response(PersonWithTimes(found).data)


class Recordings(ShopAPIView):
    """The videos, newest first."""

    right = Right.SEE_FACES
    pagination_class = Pages

    @extend_schema(operation_id="list_recordings", responses=RecordingSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        rows = Recording.objects.filter(shop=self.shop).select_related("camera")
        return self.paginated(rows, RecordingSerializer)


class RecordingDetail(ShopAPIView):
    """One video, with how far it is watched."""

    right = Right.SEE_FACES

    @extend_schema(operation_id="get_recording", responses=RecordingWithProgress)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        own = Recording.objects.filter(shop=self.shop)
        recordings.settle(own.filter(pk=pk))
        found = get_object_or_404(own.select_related("camera"), pk=pk)
        return Response(RecordingWithProgress(found).data)
