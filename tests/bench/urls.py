"""The map of the site, and the least that a page of a shop can do when it writes: one row."""

from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path

from watershop.models import Answer
from watershop.roles import ShopRequest, shop_page
from watershop.urls import urlpatterns as site


@shop_page()
def bare(request: ShopRequest) -> HttpResponse:
    """One INSERT behind the middleware, session, sign-in and shop that every page has."""
    Answer.objects.create(shop=request.shop, key=str(uuid4()), body_hash="", status=201, body={})
    return redirect("till", request.shop.slug)


urlpatterns = [*site, path("s/<slug:slug>/bare/", bare, name="bare")]
