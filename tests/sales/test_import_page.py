"""The import page shows what a file holds before anything of it is stored."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sales import import_views
from sales.models import Sale
from tests.base import make_cast
from watershop.models import Shop, User

HEADER = "transaction_id,timestamp,customer_id,payment_mode,can_size,number_of_cans,amount,payment_status"
GOOD = "T1,2025-12-14 16:04:00,CUST_0002,Cash,20L,2,40,Paid"
BAD = "T2,never,CUST_0002,Cash,20L,2,40,Paid"


@pytest.fixture
def manager(meena: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(meena)


def upload(client: Client, shop: Shop, *lines: str) -> HttpResponse:
    file = SimpleUploadedFile("december.csv", "\n".join(lines).encode())
    return client.post(reverse("sales_import", args=[shop.slug]), {"file": file})  # type: ignore[return-value]


def store(client: Client, shop: Shop, preview: HttpResponse, **data: str) -> HttpResponse:
    token = re.search(r'name="token" value="([^"]+)"', preview.content.decode())
    assert token
    url = reverse("sales_import_store", args=[shop.slug])
    return client.post(url, {"token": token[1]} | data)  # type: ignore[return-value]


def kept(settings: Settings) -> list[Path]:
    return list((Path(settings.MEDIA_ROOT) / "imports").glob("*"))


def test_a_file_is_shown_first_and_stored_on_the_second_step(
    manager: Client, shop: Shop, settings: Settings
) -> None:
    preview = upload(manager, shop, HEADER, GOOD)
    page = preview.content.decode()
    assert preview.status_code == 200
    assert "december.csv" in page and "CUST_0002" in page and "Store 1 sale" in page
    assert not Sale.objects.exists()

    stored = store(manager, shop, preview)
    assert stored.status_code == 200
    sale = Sale.objects.of(shop).get()
    assert (sale.code, sale.clerk) == ("T1", User.objects.get(username="meena"))
    assert not kept(settings), "the file has done its work"


def test_storing_twice_says_that_it_was_done(manager: Client, shop: Shop) -> None:
    preview = upload(manager, shop, HEADER, GOOD)
    store(manager, shop, preview)
    assert store(manager, shop, preview).status_code == 302
    assert Sale.objects.count() == 1


def test_bad_rows_are_listed_and_have_to_be_left_out_on_purpose(manager: Client, shop: Shop) -> None:
    preview = upload(manager, shop, HEADER, GOOD, BAD)
    page = preview.content.decode()
    assert "The timestamp “never” can&#x27;t be read" in page
    assert re.search(r'<td class="num">3</td>', page)

    assert store(manager, shop, preview).status_code == 422
    assert not Sale.objects.exists()
    assert store(manager, shop, preview, skip_bad="on").status_code == 200
    assert Sale.objects.get().code == "T1"


def test_a_file_of_another_kind_is_refused_in_the_form(
    manager: Client, shop: Shop, settings: Settings
) -> None:
    for lines in (("hello", "world"), ("",)):
        answer = upload(manager, shop, *lines)
        assert answer.status_code == 422
        assert b"Line 1" in answer.content or b"empty" in answer.content
    assert not kept(settings)


def test_a_file_that_is_too_large_is_refused(
    manager: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_views, "LARGEST_MB", 0)
    answer = upload(manager, shop, HEADER, GOOD)
    assert answer.status_code == 422
    assert b"larger than 0 MB" in answer.content


def test_a_clerk_needs_the_right_to_import(
    shop: Shop, ravi: User, client_of: Callable[[User], Client]
) -> None:
    assert upload(client_of(ravi), shop, HEADER, GOOD).status_code == 403


def test_a_preview_cannot_be_stored_into_another_shop(
    manager: Client, shop: Shop, client_of: Callable[[User], Client]
) -> None:
    other = make_cast("north")
    preview = upload(manager, shop, HEADER, GOOD)
    assert store(client_of(other.meena), other.shop, preview).status_code == 302
    assert store(manager, other.shop, preview).status_code == 404
    assert not Sale.objects.exists()


def test_a_made_up_token_opens_no_file(manager: Client, shop: Shop) -> None:
    answer = manager.post(reverse("sales_import_store", args=[shop.slug]), {"token": "../../etc/passwd"})
    assert answer.status_code == 302
    assert not Sale.objects.exists()
