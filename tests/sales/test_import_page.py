"""The import page shows what a file holds before anything of it is stored."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from sales import import_views, uploads
from sales.importing import Report, import_transactions
from sales.models import Sale
from tests.base import make_cast
from watershop.models import Right, Role, RoleRight, Shop, User

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


def test_only_the_shop_can_read_a_kept_file(manager: Client, shop: Shop, settings: Settings) -> None:
    upload(manager, shop, HEADER, GOOD)
    (file,) = kept(settings)
    assert file.stat().st_mode & 0o777 == 0o600


def test_two_who_store_at_once_are_both_answered(
    manager: Client, shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = upload(manager, shop, HEADER, GOOD)

    def read_late(*args: Any, **options: Any) -> Report:
        """The other press was quicker: it has stored the sale and deleted the file."""
        import_transactions(*args, **options)
        kept(settings)[0].unlink()
        return import_transactions(*args, **options)

    monkeypatch.setattr(import_views, "import_transactions", read_late)
    assert store(manager, shop, preview).status_code == 302
    assert Sale.objects.get().code == "T1"


def test_a_file_deleted_after_it_was_read_does_no_harm(
    manager: Client, shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = upload(manager, shop, HEADER, GOOD)

    def read_and_lose(*args: Any, **options: Any) -> Report:
        report = import_transactions(*args, **options)
        kept(settings)[0].unlink()
        return report

    monkeypatch.setattr(import_views, "import_transactions", read_and_lose)
    assert store(manager, shop, preview).status_code == 200


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
    monkeypatch.setattr(uploads, "LARGEST_MB", 0)
    answer = upload(manager, shop, HEADER, GOOD)
    assert answer.status_code == 422
    assert b"larger than 0 MB" in answer.content


def test_a_clerk_needs_the_right_to_import(
    shop: Shop, ravi: User, client_of: Callable[[User], Client]
) -> None:
    assert upload(client_of(ravi), shop, HEADER, GOOD).status_code == 403


@pytest.mark.parametrize("right", [Right.EXPORT, Right.BACK_DATE])
def test_a_manager_who_may_not_back_date_may_not_import_either(
    manager: Client, shop: Shop, right: Right
) -> None:
    preview = upload(manager, shop, HEADER, GOOD)
    RoleRight.objects.create(shop=shop, role=Role.MANAGER, right=right, is_allowed=False)
    for answer in (
        manager.get(reverse("sales_import", args=[shop.slug])),
        upload(manager, shop, HEADER, GOOD),
        store(manager, shop, preview),
    ):
        assert answer.status_code == 403
        assert str(right.label) in answer.content.decode()
    assert not Sale.objects.exists()


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
