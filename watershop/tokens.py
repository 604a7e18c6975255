"""One knox token per device: sign in from a phone, sign it out again."""

from typing import Any

from django.contrib.auth import authenticate
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from knox.settings import knox_settings
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from watershop.models import Membership, User


class SignIn(serializers.Serializer[Any]):
    """User name and password of somebody who has chosen a password of their own."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, write_only=True)


class ShopOfUser(serializers.ModelSerializer[Membership]):
    slug = serializers.CharField(source="shop.slug", read_only=True)
    name = serializers.CharField(source="shop.name", read_only=True)

    class Meta:
        model = Membership
        fields = ("slug", "name", "role")


class Token(serializers.Serializer[Any]):
    """Send it as `Authorization: Token <token>`; it is shown only here."""

    token = serializers.CharField(read_only=True)
    shops = ShopOfUser(many=True, read_only=True)


class Tokens(APIView):
    """A token for this device."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(operation_id="sign_in", request=SignIn, responses={201: Token})
    def post(self, request: Request) -> Response:
        form = SignIn(data=request.data)
        form.is_valid(raise_exception=True)
        user = authenticate(request, **form.validated_data)
        if not isinstance(user, User):
            raise exceptions.AuthenticationFailed(_("User name and password don't match."))
        if user.has_one_time_password:
            raise exceptions.PermissionDenied(_("Choose your own password on the web page first."))
        limit = knox_settings.TOKEN_LIMIT_PER_USER
        if AuthToken.objects.filter(user=user).count() >= limit:
            raise exceptions.PermissionDenied(
                _("You are signed in on %(limit)s devices. Sign out on one of them, or change your password.")
                % {"limit": limit}
            )
        _row, token = AuthToken.objects.create(user=user)
        shops = user.memberships.filter(is_active=True).select_related("shop")
        return Response(Token({"token": token, "shops": shops}).data, status=201)


class CurrentToken(APIView):
    """The token that this request came with."""

    @extend_schema(operation_id="sign_out", request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        request.auth.delete()
        return Response(status=204)


urlpatterns = [
    path("tokens/", Tokens.as_view(), name="api_tokens"),
    path("tokens/current/", CurrentToken.as_view(), name="api_current_token"),
]
