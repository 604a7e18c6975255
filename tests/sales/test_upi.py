"""UPI: the code that is scanned, the claim that waits, and the three ways in which it ends."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales.ledger import receive_payment
from sales.models import Payment, Sale, SalesSettings, Tender, UpiClaim
from sales.reversals import payment_did_not_arrive, void_sale
from sales.upi import confirm, link, qr_code
from tests.base import TESTS, Cast, make_cast, sell
from tests.sales.test_at_once import at_once
from watershop import accounts
from watershop.models import AuditEntry, Right, Role, User

SignIn = Callable[[User], Client]


def claimed(cast: Cast, quantity: int = 1, **fields: object) -> UpiClaim:
    """Ravi sells for UPI; the claim that comes of it."""
    sale = sell(cast, quantity, tender=Tender.UPI, client_ref=str(uuid4()), **fields)
    return UpiClaim.objects.select_related("payment").get(payment__allocations__sale=sale)


def statement(*rows: str, heading: str = "Date,Narration,Amount") -> SimpleUploadedFile:
    return SimpleUploadedFile("bank.csv", "\n".join([heading, *rows]).encode())


def upload(client: Client, file: SimpleUploadedFile) -> tuple[int, str]:
    answer = client.post(reverse("upi_statement", args=["water"]), {"file": file})
    return answer.status_code, answer.content.decode()


def test_the_link_says_what_npci_asks_for() -> None:
    text = link(
        upi_id="sri@okbank", payee="Śrī Water & Co", reference="WS01", note="S1" * 40, amount=Decimal(1200)
    )
    assert text == (
        "upi://pay?pa=sri@okbank&pn=%C5%9Ar%C4%AB%20Water%20%26%20Co&tr=WS01&tn="
        + "S1" * 25
        + "&am=1200.00&cu=INR"
    )


def test_there_is_no_code_without_a_upi_id_or_without_an_amount(cast: Cast) -> None:
    assert qr_code(cast.shop, reference="WS01", note="", amount=Decimal(20)) is None
    SalesSettings.objects.create(shop=cast.shop, upi_id="sri@okbank")
    assert qr_code(cast.shop, reference="WS01", note="", amount=Decimal(0)) is None
    code = qr_code(cast.shop, reference="WS01", note="", amount=Decimal(20))
    assert code and code.path.startswith(
        "M4 4h7v1h-7z"
    )  # the upper edge of the first finder, past the quiet zone


def test_money_by_upi_waits_and_other_money_does_not(cast: Cast) -> None:
    for tender in Tender:
        sell(cast, tender=tender, client_ref=str(uuid4()))
        receive_payment(
            customer=cast.asha, amount=Decimal(5), tender=tender, actor=TESTS, client_ref=str(uuid4())
        )
    assert [claim.payment.tender for claim in UpiClaim.objects.open()] == [Tender.UPI, Tender.UPI]


def test_imported_and_back_dated_sales_claim_nothing(cast: Cast) -> None:
    sell(cast, tender=Tender.UPI)
    sell(cast, tender=Tender.UPI, client_ref="late", sold_at=timezone.now() - timedelta(days=1))
    assert Payment.objects.count() == 2
    assert not UpiClaim.objects.exists()


def test_the_receipt_shows_the_code_until_a_clerk_confirms(cast: Cast, client_of: SignIn) -> None:
    SalesSettings.objects.create(shop=cast.shop, upi_id="sri@okbank")
    claim, client = claimed(cast), client_of(cast.ravi)
    url = reverse("receipt", args=["water", Sale.objects.get().pk])
    page = client.get(f"{url}?done=1").content.decode()
    assert 'class="qr"' in page and claim.reference in page and "not confirmed yet" in page
    answer = client.post(reverse("upi_decide", args=["water", claim.pk]), {"do": "confirm", "next": url})
    assert answer.headers["Location"] == url
    assert 'class="qr"' not in client.get(url).content.decode()
    claim.refresh_from_db()
    assert (claim.state, claim.decided_by) == (UpiClaim.State.CONFIRMED, cast.ravi)
    assert AuditEntry.objects.get(action="upi_confirmed").subject_id == claim.payment_id


def test_the_code_on_a_customers_page_carries_the_reference_of_the_payment_that_follows(
    cast: Cast, client_of: SignIn
) -> None:
    SalesSettings.objects.create(shop=cast.shop, upi_id="sri@okbank")
    sell(cast, 2, customer=cast.asha, is_paid=False)
    client, url = client_of(cast.ravi), reverse("customer", args=["water", cast.asha.pk])
    page = client.get(url)
    ref = page.context["pay"]["client_ref"].value()
    data = {"client_ref": ref, "amount": "40", "tender": "upi"}
    client.post(reverse("customer_pay", args=["water", cast.asha.pk]), data)
    assert f"tr={UpiClaim.objects.get().reference}&" in page.context["qr"].text
    assert "am=40.00" in page.context["qr"].text
    assert 'class="qr"' not in client.get(url).content.decode()


def test_money_that_did_not_arrive_makes_the_sale_due_again(cast: Cast) -> None:
    claim = claimed(cast, 2, customer=cast.asha)
    payment_did_not_arrive(claim, actor=TESTS)
    assert Sale.objects.with_sums().get().due == 40
    assert cast.asha.ledger.all().balance() == 40
    assert sum(payment.amount for payment in Payment.objects.all()) == 0
    receive_payment(customer=cast.asha, amount=Decimal(40), tender=Tender.CASH, actor=TESTS)
    assert Sale.objects.with_sums().get().due == 0


def test_a_walk_ins_sale_is_void_when_its_money_did_not_arrive(cast: Cast, client_of: SignIn) -> None:
    claim, client = claimed(cast), client_of(cast.meena)
    client.post(reverse("upi_decide", args=["water", claim.pk]), {"do": "fail"})
    sale = Sale.objects.get()
    assert sale.void.reason == "The UPI payment did not arrive."
    assert "did not arrive" in client.get(reverse("sale", args=["water", sale.pk])).content.decode()


def test_the_page_of_a_sale_that_is_due_again_tells_why(cast: Cast, client_of: SignIn) -> None:
    claim = claimed(cast, customer=cast.asha)
    payment_did_not_arrive(claim, actor=TESTS)
    page = client_of(cast.meena).get(reverse("sale", args=["water", Sale.objects.get().pk]))
    assert "did not arrive" in page.content.decode()


def test_a_void_leaves_nothing_to_confirm(cast: Cast) -> None:
    claim = claimed(cast, customer=cast.asha)
    void_sale(Sale.objects.get(), reason="mistake", actor=TESTS)
    assert not UpiClaim.objects.open()
    with pytest.raises(ValidationError, match="already"):
        payment_did_not_arrive(claim, actor=TESTS)


def test_a_decision_is_made_once(cast: Cast, client_of: SignIn) -> None:
    claim = claimed(cast)
    confirm(claim, actor=TESTS)
    url = reverse("upi_decide", args=["water", claim.pk])
    page = client_of(cast.meena).post(url, {"do": "fail"}, follow=True).content.decode()
    assert "has decided on this payment already" in page
    assert not hasattr(Sale.objects.get(), "void")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told_so() -> None:
    cast = make_cast()
    for _ in range(5):
        claim = claimed(cast, customer=cast.asha)
        told: list[ValidationError] = []

        def decide(deed: Callable[[], None], told: list[ValidationError] = told) -> None:
            try:
                deed()
            except ValidationError as refusal:
                told.append(refusal)

        at_once(
            partial(decide, partial(confirm, claim, actor=TESTS)),
            partial(decide, partial(payment_did_not_arrive, claim, actor=TESTS)),
        )
        claim.refresh_from_db()
        assert len(told) == 1
        is_reversed = Payment.objects.filter(reverses=claim.payment).exists()
        assert is_reversed == (claim.state == UpiClaim.State.FAILED)


def test_a_clerk_confirms_but_only_who_may_void_takes_money_off(cast: Cast, client_of: SignIn) -> None:
    accounts.set_right(shop=cast.shop, role=Role.STAFF, right=Right.VOID, is_allowed=False, actor=TESTS)
    claim = claimed(cast)
    url = reverse("upi_decide", args=["water", claim.pk])
    client = client_of(cast.ravi)
    assert client.post(url, {"do": "fail"}).status_code == 403
    assert "Not arrived" not in client.get(reverse("upi_claims", args=["water"])).content.decode()
    assert client.post(url, {"do": "confirm"}).status_code == 302


def test_another_shops_claim_is_not_found(cast: Cast, client_of: SignIn) -> None:
    claim = claimed(make_cast("other"))
    client = client_of(cast.meena)
    assert client.post(reverse("upi_decide", args=["water", claim.pk])).status_code == 404
    assert claim.reference not in client.get(reverse("upi_claims", args=["water"])).content.decode()


def test_the_banks_statement_confirms_what_it_names_exactly(cast: Cast, client_of: SignIn) -> None:
    right, wrong, silent = claimed(cast, 60), claimed(cast, 2), claimed(cast, 3)
    file = statement(
        f'22/11/26,UPI/{right.reference.lower()}/ASHA,"1,200.00 Cr"',
        f"22/11/26,UPI-{wrong.reference}-BALA,39.00",
        "22/11/26,RENT,-5000",
        "22/11/26,UPI/123456/SOMEBODY,60.00",
    )
    status, page = upload(client_of(cast.meena), file)
    assert status == 200 and "1 payment is confirmed." in page and "the bank says ₹39.00" in page
    assert "1 row names no payment of ours" in page
    assert set(UpiClaim.objects.open()) == {wrong, silent}
    file.seek(0)
    assert "1 payment was decided before." in upload(client_of(cast.meena), file)[1]


def test_a_statement_with_lines_above_its_heading_and_other_delimiters_is_read(
    cast: Cast, client_of: SignIn
) -> None:
    claim = claimed(cast)
    heading = "Account;12345\n\nDate;Ref No./UTR;Withdrawal (INR);Deposit Amt. (INR)"
    file = statement(f"22-11-2026;{claim.reference};;20", heading=heading)
    assert upload(client_of(cast.meena), file)[0] == 200
    assert not UpiClaim.objects.open()


@pytest.mark.parametrize(
    ("content", "reason"), [(b"a,b\n1,2", "No column of this file"), (b"\xff\xfe", "not in UTF-8")]
)
def test_a_file_that_is_no_statement_is_refused_with_the_reason(
    cast: Cast, client_of: SignIn, content: bytes, reason: str
) -> None:
    status, page = upload(client_of(cast.meena), SimpleUploadedFile("bank.csv", content))
    assert status == 422 and reason in page


def test_only_who_may_take_files_in_reads_statements(cast: Cast, client_of: SignIn) -> None:
    assert upload(client_of(cast.ravi), statement())[0] == 403


def test_the_list_asks_the_same_number_of_questions_for_many_claims(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for quantity in (1, 2, 3):
        claimed(cast, quantity, customer=cast.asha)
    client = client_of(cast.meena)
    with django_assert_num_queries(8):
        client.get(reverse("upi_claims", args=["water"]))
