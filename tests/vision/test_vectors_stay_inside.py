"""Vectors of faces leave by no API, no export and no page of the admin."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, URLPattern, reverse
from rest_framework import serializers
from rest_framework.test import APIClient

from tests.base import Cast
from tests.watershop.test_doors_for_posts import PAGES, one_of_each
from vision.embedding import MODEL_ID
from vision.models import Template, Tracklet
from watershop.models import User
from watershop.urls import ROOMS

MARK = "0.734375"
"""A number that stands in the vector and nowhere else, and that a float32 holds exactly."""
API = [door for room in ROOMS for door in room.api if isinstance(door, URLPattern)]
EXPORTS = [
    page for page in PAGES if any(word in str(page.name) for word in ("export", "csv", "tracks", "download"))
]


@pytest.fixture
def rows(cast: Cast) -> dict[str, int]:
    """A row of each kind, and the vector of the face among them."""
    rows = one_of_each(cast)
    face = Tracklet.objects.get(pk=rows["picture"])
    vector = np.full(128, float(MARK), np.float32)
    row = {"tracklet": face, "person_id": rows["person"], "model_id": MODEL_ID, "vector": vector}
    Template.objects.create(shop=cast.shop, is_enrolled=True, **row)
    return rows


def addresses(doors: list[URLPattern], rows: dict[str, int]) -> Iterator[str]:
    """Where each door is, with the number of the row that its name tells of, where it wants one."""
    for door in doors:
        name = str(door.name)
        try:
            yield reverse(name, args=["water"])
        except NoReverseMatch:
            word = name.removeprefix("api_").partition("_")[0]
            yield reverse(name, args=["water", rows.get(word, 1)])


def test_no_answer_of_the_api_and_no_export_holds_a_vector(
    cast: Cast, rows: dict[str, int], api_of: Callable[[User], APIClient], client_of: Callable[[User], Any]
) -> None:
    told = 0
    for client, doors in ((api_of(cast.lakshmi), API), (client_of(cast.lakshmi), EXPORTS)):
        for address in addresses(doors, rows):
            answer = client.get(address)
            assert MARK.encode() not in answer.getvalue(), address  # a file may be a stream
            told += answer.status_code == 200
    assert told >= 8, "most doors answered with rows"


def test_no_serializer_has_a_field_of_a_template() -> None:
    modules = [import_module(f"{room}.api") for room in ("customers", "sales", "vision", "analytics")]
    classes = {
        one
        for module in modules
        for _name, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, serializers.ModelSerializer) and hasattr(one, "Meta")
    }
    assert len(classes) > 5
    for one in classes:
        assert one.Meta.model is not Template, one
        assert not {"vector", "templates", "template"} & set(one().fields), one


def test_the_schema_and_the_admin_know_no_vectors(client: Any) -> None:
    schema = client.get("/api/v1/schema/?format=json").json()["components"]["schemas"]
    fields = {name for one in schema.values() for name in one.get("properties", {})}
    assert len(fields) > 50
    assert not [name for name in fields if "vector" in name or "template" in name or "embedding" in name]
    assert Template not in admin.site._registry
