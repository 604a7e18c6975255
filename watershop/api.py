"""The API's conventions: who comes in, how errors look (RFC 9457), pages, and idempotent deeds.

`answer_once` serves pages and the API alike: the key of a request is the `client_ref` of the deed it asks for.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, status
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView, exception_handler

from watershop.models import Answer, Membership, Right, Role, Shop, User
from watershop.roles import membership_for, require, rights_of

ANSWERS_KEPT = timedelta(days=7)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="A new UUID per deed, at most 255 characters. Send the same again after a lost answer.",
)


class InFlight(exceptions.APIException):
    """The first request with this key has not been answered yet (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "in_flight"

    def __init__(self) -> None:
        super().__init__(_("The same request is being worked on. Try again in a moment."))


class KeyReused(exceptions.APIException):
    """The key was used for another request (422)."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "key_reused"

    def __init__(self) -> None:
        super().__init__(_("This key was already used for something else. Make a new key for a new request."))


def answer_once(
    shop: Shop, key: str, body: Mapping[str, Any], deed: Callable[[], tuple[int, dict[str, Any]]]
) -> tuple[int, dict[str, Any]]:
    """Do the deed once per key and return its status and JSON body; asked again, return the stored answer.

    Raises InFlight while another transaction holds the key, KeyReused when the body differs or the answer is
    forgotten. A deed that raises stores nothing, so that a corrected request may use the key again.
    """
    if not 0 < len(key) <= 255:
        raise exceptions.ValidationError({"Idempotency-Key": [_("Send a key of 1 to 255 characters.")]})
    text = json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder)
    body_hash = hashlib.sha256(text.encode()).hexdigest()
    with _no_key_twice(), transaction.atomic():
        hold_key(shop, key)
        if known := Answer.objects.filter(shop=shop, key=key).first():
            if known.body_hash != body_hash:
                raise KeyReused
            return known.status, known.body
        code, answer = deed()
        Answer.objects.create(shop=shop, key=key, body_hash=body_hash, status=code, body=answer)
    return code, answer


@contextmanager
def _no_key_twice() -> Iterator[None]:
    """The rows of a deed keep its key for ever, so also a key with a forgotten answer does nothing twice."""
    try:
        yield
    except IntegrityError as error:
        if "client_ref_once" in str(error):
            raise KeyReused from error
        raise


def forget_answers() -> None:
    """Delete answers that nobody will ask for again: no device keeps a deed to be sent for longer."""
    Answer.objects.filter(created_at__lt=timezone.now() - ANSWERS_KEPT).delete()


def forget_answers_with(shop: Shop, words: Iterable[str]) -> None:
    """Delete the answers that hold one of these words: asked again, their deeds are not done twice either."""
    for word in words:
        Answer.objects.filter(shop=shop, body__icontains=word).delete()


def hold_key(shop: Shop, key: str) -> None:
    """Hold the key of a deed until the transaction ends, or raise InFlight."""
    digest = hashlib.blake2b(f"{shop.pk}:{key}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest, "big", signed=True)])
        if not cursor.fetchone()[0]:
            raise InFlight


class ShopAPIView(APIView):
    """Base of every view under /api/v1/shops/{slug}/: checks membership, role and right before the method runs."""

    role = Role.STAFF
    right: Right | None = None
    membership: Membership
    rights: frozenset[Right]

    @property
    def shop(self) -> Shop:
        return self.membership.shop

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As on a page of the shop, times are the shop's: a time sent without an offset is read on its clock."""
        with timezone.override(None):  # undoes at the end what `initial` activates
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        assert isinstance(request.user, User)
        if request.user.has_one_time_password:
            raise PermissionDenied(_("Choose your own password on the web page first."))
        self.membership = membership_for(request.user, kwargs["slug"])
        self.rights = rights_of(self.membership)
        require(self.membership, self.rights, role=self.role, right=self.right)
        timezone.activate(self.shop.tz)

    def paginated(self, rows: Any, serializer: type[BaseSerializer[Any]]) -> Response:
        """One page of a queryset or list as {count, next, previous, results}."""
        pages = Pages()
        page: list[Any] = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response(serializer(page, many=True, context={"shop": self.shop}).data)

    def once(self, request: Request, deed: Callable[[str], tuple[int, dict[str, Any]]]) -> Response:
        """`answer_once` with the key of the request's header; the deed gets the key as its client_ref."""
        key = request.headers.get("Idempotency-Key", "")
        body = {"path": request.path, "body": request.data}
        code, answer = answer_once(self.shop, key, body, lambda: deed(key))
        return Response(answer, status=code)


class Pages(LimitOffsetPagination):
    """?limit=50&offset=0, at most 200 rows a page."""

    default_limit = 50
    max_limit = 200


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Errors as RFC 9457 problem details: type, title, status, detail, and `errors` with a path for each field."""
    if isinstance(error, ModelValidationError):
        error = exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    code = getattr(error, "default_code", None) or {403: "permission_denied", 404: "not_found"}.get(
        response.status_code, "error"
    )
    body: dict[str, Any] = {
        "type": f"urn:watershop:{code}",
        "title": response.status_text,
        "status": response.status_code,
    }
    if isinstance(error, exceptions.ValidationError):
        body["detail"] = _("Some values are not right. See the errors.")
        body["errors"] = list(_paths(response.data, ""))
    else:
        body["detail"] = (
            str(error)
            if isinstance(error, Http404 | PermissionDenied) and str(error)
            else response.data.get("detail")
        )
    response.data = body
    response.content_type = "application/problem+json"
    return response


def _paths(data: Any, path: str) -> Any:
    """Every message in a tree of field errors with its path: {"path": "/lines/0/quantity", "message": ...}."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from _paths(value, f"{path}/{name}")
    elif isinstance(data, list) and not all(isinstance(item, str) for item in data):
        for index, value in enumerate(data):
            yield from _paths(value, f"{path}/{index}")
    else:
        for message in data if isinstance(data, list) else [data]:
            yield {"path": path or "/", "message": str(message)}
