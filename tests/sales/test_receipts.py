"""What a receipt says: to the buyer, in the buyer's language, on the page and in a message."""

from collections.abc import Callable
from urllib.parse import unquote

from django.test import Client
from django.urls import reverse

from sales.models import Sale
from sales.reversals import void_sale
from sales.slips import Receipt, receipt_of
from tests.base import TESTS, Cast, sell
from watershop import phone_links
from watershop.models import User

SignIn = Callable[[User], Client]


def receipt(sale: Sale) -> Receipt:
    return receipt_of(Sale.objects.with_sums().get(pk=sale.pk))


def test_a_receipt_tells_what_was_bought_and_what_is_open(cast: Cast) -> None:
    sell(cast, 1, customer=cast.asha, is_paid=False)
    slip = receipt(sell(cast, 2, customer=cast.asha, is_paid=False))
    (item,) = slip.items
    assert (item.name, item.count, item.amount) == ("20L", "2 × ₹20", "₹40.00")
    assert slip.total == ("Total", "₹40.00")
    assert slip.settled == (("Unpaid", "₹40.00"), ("Due in all", "₹60.00"))


def test_a_void_sale_says_so_instead_of_how_it_was_paid(cast: Cast) -> None:
    sale = sell(cast)
    void_sale(sale, reason="wrong size", actor=TESTS)
    assert receipt(sale).settled == (("Void", "wrong size"),)


def test_a_receipt_speaks_the_language_of_its_buyer_not_of_the_clerk(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, customer=cast.bala)
    assert receipt(sale).total[0] == "మొత్తం"
    page = client_of(cast.ravi).get(reverse("receipt", args=["water", sale.pk]))
    assert "మొత్తం" in page.text and '<html lang="en">' in page.text
    cast.shop.language = "ta"
    cast.shop.save()
    walk_in = receipt(sell(cast))
    assert (walk_in.language, walk_in.total[0]) == ("ta", "மொத்தம்")


def test_the_message_holds_the_receipt_and_knows_the_number(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, 3, customer=cast.asha)
    context = client_of(cast.ravi).get(reverse("receipt", args=["water", sale.pk])).context
    assert context["whatsapp"].startswith("https://wa.me/919876501234?text=Water%0A")
    assert context["sms"].startswith("sms:+919876501234?body=")
    text = unquote(context["whatsapp"].partition("?text=")[2])
    assert "20L: 3 × ₹20 = ₹60.00" in text and f"Receipt: {sale.receipt}" in text


def test_without_a_number_the_phone_asks_whom_the_message_is_for() -> None:
    assert phone_links.whatsapp("", "Hi") == "https://wa.me/?text=Hi"
    assert phone_links.sms("", "Hi") == "sms:?body=Hi"
    assert phone_links.sms("+4412345678", "Hi") == "sms:+4412345678?body=Hi"
