"""Customers' cards: chance letters in a QR code, found again at the till, replaced when lost."""

from collections.abc import Callable
from threading import Barrier, Thread

import cv2
import numpy as np
import pytest
import segno
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from customers import book
from customers.models import Customer
from sales import cards, merging
from sales.models import CustomerCard
from sales.qr_codes import qr_of
from tests.base import TESTS, Cast, make_cast
from watershop.models import AuditEntry, User

SignIn = Callable[[User], Client]


def card(customer: Customer) -> CustomerCard:
    return cards.issue(customer.shop, [customer], actor=TESTS)[0]


def test_a_card_is_found_again_and_says_nothing_of_its_holder(cast: Cast) -> None:
    token = card(cast.asha).token
    assert cards.customer_of(cast.shop, f" {token.lower()}\n") == cast.asha
    assert not {"ASHA", cast.asha.phone} & {token, token[2:]} and len(set(token)) > 4
    assert card(cast.asha).token == token != card(cast.bala).token
    assert cards.customer_of(make_cast("other").shop, token) is None


def test_words_that_are_no_card_cost_no_query(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        for text in ("", "Asha", "9876501234", "WC12", "x" * 500, "\0"):
            assert cards.customer_of(cast.shop, text) is None


def test_a_lost_card_opens_nothing_any_more(cast: Cast) -> None:
    lost = card(cast.asha)
    new = cards.reissue(cast.asha, actor=TESTS)
    assert cards.customer_of(cast.shop, lost.token) is None
    assert cards.customer_of(cast.shop, new.token) == cast.asha
    entries = AuditEntry.objects.filter(subject_type="sales.customercard").order_by("id")
    assert [entry.action for entry in entries] == ["issue_card", "revoke_card", "issue_card"]
    assert all(lost.token not in str((entry.before, entry.after)) for entry in entries)


def test_the_card_of_somebody_who_left_opens_nothing(cast: Cast) -> None:
    token = card(cast.asha).token
    book.change_customer(cast.asha, {"is_active": False}, actor=TESTS)
    assert cards.customer_of(cast.shop, token) is None


def test_the_card_of_a_merged_account_opens_the_one_that_stayed(cast: Cast) -> None:
    token = card(cast.asha).token
    merging.merge(old=cast.asha, into=cast.bala, reason="the same person", actor=TESTS)
    assert cards.customer_of(cast.shop, token) == cast.bala


@pytest.mark.django_db(transaction=True)
def test_two_clerks_at_once_issue_one_card(cast: Cast) -> None:
    start, tokens = Barrier(6), []

    def issue() -> None:
        try:
            start.wait(10)
            tokens.append(card(cast.asha).token)
        finally:
            connection.close()

    clerks = [Thread(target=issue) for _ in range(6)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join(20)
    assert len(tokens) == 6 and len(set(tokens)) == 1


def test_the_code_on_the_card_is_read_by_another_library(cast: Cast) -> None:
    token = card(cast.asha).token
    picture = np.array(list(segno.make_qr(token, error="m").matrix_iter(scale=8, border=4)), np.uint8)
    text, *_rest = cv2.QRCodeDetector().detectAndDecode(np.where(picture, 0, 255).astype(np.uint8))
    assert text == token
    assert qr_of(token).size == picture.shape[0] // 8


def test_a_keyboard_scanner_finds_the_holder_at_the_till(cast: Cast, client_of: SignIn) -> None:
    token, client = card(cast.bala).token, client_of(cast.ravi)
    for name in ("till", "till_find"):
        response = client.get(reverse(name, args=["water"]), {"q": token})
        assert [row.pk for row in response.context["found"]] == [cast.bala.pk]


def test_a_clerk_makes_a_card_and_replaces_it(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.ravi), reverse("customer_card", args=["water", cast.asha.pk])
    assert "Make the card" in client.get(url).text
    assert client.post(url).status_code == 302
    first = CustomerCard.objects.get()
    assert qr_of(first.token).path in client.get(url).text
    client.post(url, {"do": "reissue"})
    assert CustomerCard.objects.filter(revoked_at=None).get() != first


def test_a_manager_prints_the_cards_of_many(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = client_of(cast.meena), reverse("cards", args=["water"])
    kept = card(cast.asha).token
    assert "Asha" in client.get(url).text
    ticked = client.post(url, {"do": "ticked", "customer": [cast.asha.pk, "x"]})
    assert [row.token for row, _qr in ticked.context["cards"]] == [kept]
    Customer.objects.bulk_create(
        Customer(shop=cast.shop, code=f"C{n}", name=f"Customer {n}") for n in range(30)
    )
    with django_assert_num_queries(11):
        sheet = client.post(f"{url}?q=Customer", {"do": "all"})
    assert len(sheet.context["cards"]) == 30
    assert "Nobody was ticked" in client.post(url, {"do": "ticked"}).text


def test_clerks_print_no_sheets_and_neighbours_no_cards(cast: Cast, client_of: SignIn) -> None:
    assert client_of(cast.ravi).get(reverse("cards", args=["water"])).status_code == 403
    other = make_cast("other")
    url = reverse("customer_card", args=["water", other.asha.pk])
    assert client_of(cast.lakshmi).post(url).status_code == 404
    sheet = client_of(cast.meena).post(reverse("cards", args=["water"]), {"customer": other.asha.pk})
    assert "Nobody was ticked" in sheet.text and not CustomerCard.objects.exists()
