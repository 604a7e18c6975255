"""One write path for a sale: rows, signs, and what the database itself refuses."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.forms.models import model_to_dict
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from sales.imported_sales import record_imported
from sales.ledger import receive_payment, record_sale, record_sales
from sales.models import Allocation, CanMovement, LedgerEntry, Payment, Sale, SaleLine, SaleVoid, Tender
from sales.new_sale import Line, NewSale
from sales.reversals import void_sale
from tests.base import TESTS, Cast, make_cast, sell
from watershop.models import AuditEntry

TABLES = (Sale, SaleLine, Payment, Allocation, LedgerEntry, CanMovement)


def everything(cast: Cast, times: Collection[str] = ()) -> list[list[dict[str, object]]]:
    """Every money and can row of the shop, with ids replaced by their order: what can be compared."""
    moving = {
        "id",
        "shop",
        "sale",
        "payment",
        "reverses",
        "sold_at",
        "received_at",
        "at",
        "recorded_at",
    }.difference(times)
    return [
        [
            {name: value for name, value in model_to_dict(row).items() if name in times or name not in moving}
            for row in table.objects.filter(shop=cast.shop).order_by("pk")
        ]
        for table in TABLES
    ]


def test_a_paid_sale_to_asha_leaves_her_owing_nothing(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha)
    amounts = list(cast.asha.ledger.order_by("pk").values_list("kind", "amount"))
    assert amounts == [("sale", Decimal(40)), ("payment", Decimal(-40))]
    assert Sale.objects.with_sums().get(pk=sale.pk).due == 0
    assert cast.asha.can_movements.all().held() == {"20L": 2}


def test_an_unpaid_sale_keeps_its_stated_tender_and_is_due(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha, is_paid=False, tender=Tender.UPI)
    assert cast.asha.ledger.all().balance() == Decimal(40)
    assert sale.stated_tender == Tender.UPI
    assert [row.due for row in Sale.objects.open()] == [Decimal(40)]
    assert not Payment.objects.exists()


def test_a_walk_in_pays_in_full_and_writes_no_ledger_entry(cast: Cast) -> None:
    sell(cast, 3)
    assert not LedgerEntry.objects.exists()
    assert Payment.objects.get().amount == Decimal(60)
    assert Allocation.objects.get().amount == Decimal(60)
    assert not CanMovement.objects.exists()


def test_an_unpaid_walk_in_is_refused_and_nothing_is_stored(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="needs a customer"):
        sell(cast, is_paid=False)
    assert not Sale.objects.exists()


def test_a_sale_larger_than_the_ledger_can_hold_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="more money than one sale can hold"):
        sell(cast, lines=[Line(cast.can20, 2, Decimal("60000000")), Line(cast.can10, 1, Decimal("60000000"))])


def test_empties_brought_along_lower_the_cans_out(cast: Cast) -> None:
    sell(cast, 3, customer=cast.asha, empties=[(cast.can20, 2)])
    assert cast.asha.can_movements.all().held() == {"20L": 1}


def test_every_sale_is_audited_with_who_and_from_where(cast: Cast) -> None:
    sale = sell(cast)
    entry = AuditEntry.objects.get(action="record_sale")
    assert (entry.subject_id, entry.user, entry.origin) == (sale.pk, cast.ravi, "tests")
    assert entry.after is not None and entry.after["total"] == "20.00"


def test_many_at_once_leave_the_same_rows_as_one_by_one(cast: Cast) -> None:
    other = make_cast("other")

    def news(who: Cast) -> list[NewSale]:
        return [
            NewSale([Line(who.can20, 2), Line(who.can10, 1)], Tender.CASH, who.asha),
            NewSale([Line(who.can20, 1)], Tender.UPI, who.bala, is_paid=False, empties=[(who.can20, 1)]),
            NewSale([Line(who.can10, 4, Decimal(35))], Tender.COIN),
            NewSale([Line(who.can10, 1)], Tender.CASH, who.bala, moves_cans=False, code="T77"),
        ]

    record_sales(cast.shop, TESTS, news(cast))
    for new in news(other):
        record_sale(other.shop, TESTS, new)
    assert _names(everything(cast), cast) == _names(everything(other), other)


def test_imported_sales_leave_the_same_rows_by_copy_as_one_by_one(cast: Cast) -> None:
    """Paid and unpaid, named and walk-in, for nothing, and settled by what a customer paid ahead."""
    other = make_cast("other")
    at = timezone.now() - timedelta(days=40)

    def news(who: Cast) -> list[NewSale]:
        def told(code: str, cans: int, amount: int, tender: Tender, **more: object) -> NewSale:
            line = Line(who.can20, cans, Decimal(amount))
            told = {"sold_at": at, "code": code, "source": Sale.Source.IMPORT, "moves_cans": False} | more
            return NewSale([line], tender, **told)  # type: ignore[arg-type]

        return [
            told("T1", 2, 40, Tender.CASH, customer=who.asha),
            told("T2", 1, 20, Tender.UPI),
            told("S000500", 1, 0, Tender.COIN, customer=who.bala, is_paid=False),
            told('T,"4\\', 3, 60, Tender.UPI, customer=who.bala, is_paid=False, sold_at=at + timedelta(1)),
            told("T5", 1, 20, Tender.CASH, customer=who.bala, is_paid=False),
            told("T6", 2, 40, Tender.UPI, customer=who.asha, is_paid=False, split={Tender.UPI: Decimal(15)}),
            replace(
                told("T7", 2, 40, Tender.COIN),
                lines=[Line(who.can20, 1, Decimal(20)), Line(who.can10, 2, Decimal(18))],
            ),
        ]

    for who in (cast, other):
        receive_payment(
            customer=who.bala, amount=Decimal(50), tender=Tender.CASH, actor=TESTS, received_at=at
        )
    record_imported(cast.shop, TESTS, news(cast))
    record_sales(other.shop, TESTS, news(other))
    assert _names(everything(cast, {"sold_at", "received_at", "at"}), cast) == _names(
        everything(other, {"sold_at", "received_at", "at"}), other
    )
    assert _audited(cast) == _audited(other) and len(_audited(cast)) == 7
    assert {sell(cast).code, sell(other).code} == {"S000501"}


def _audited(cast: Cast) -> list[dict[str, object]]:
    entries = AuditEntry.objects.filter(shop=cast.shop, action="record_sale").order_by("pk")
    codes = {cast.asha.pk: "asha", cast.bala.pk: "bala", None: None}
    return [entry.after | {"customer": codes[entry.after["customer"]]} for entry in entries if entry.after]


def _names(tables: list[list[dict[str, object]]], cast: Cast) -> list[list[tuple[str, ...]]]:
    names: dict[tuple[str, object], str] = {
        ("customer", cast.asha.pk): "asha",
        ("customer", cast.bala.pk): "bala",
        ("can_type", cast.can20.pk): "20",
        ("can_type", cast.can10.pk): "10",
    }
    return [
        sorted(tuple(f"{key}={names.get((key, value), value)}" for key, value in row.items()) for row in rows)
        for rows in tables
    ]


def test_the_number_of_queries_does_not_grow_with_the_sales(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    new = NewSale([Line(cast.can20, 1)], Tender.CASH, cast.asha)
    with django_assert_max_num_queries(15):
        record_sales(cast.shop, TESTS, [new] * 50)


def test_a_payment_settles_the_oldest_due_first_and_the_rest_stays_on_the_ledger(cast: Cast) -> None:
    first = sell(cast, 2, customer=cast.asha, is_paid=False)
    second = sell(cast, 1, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(45), tender=Tender.CASH, actor=TESTS)
    dues = {row.pk: row.due for row in Sale.objects.with_sums()}
    assert dues == {first.pk: Decimal(0), second.pk: Decimal(15)}
    assert cast.asha.ledger.all().balance() == Decimal(15)


def test_a_voided_walk_in_sale_gives_the_money_back(cast: Cast) -> None:
    sale = sell(cast, 2)
    void_sale(sale, reason="wrong size", actor=TESTS)
    assert sum(row.amount for row in Payment.objects.all()) == 0
    assert sum(row.amount for row in Allocation.objects.all()) == 0
    with pytest.raises(ValidationError, match="already void"):
        void_sale(sale, reason="again", actor=TESTS)


def test_a_voided_sale_to_asha_restores_balance_and_cans(cast: Cast) -> None:
    paid, unpaid = sell(cast, 2, customer=cast.asha), sell(cast, 1, customer=cast.asha, is_paid=False)
    for sale in (paid, unpaid):
        void_sale(sale, reason="typed twice", actor=TESTS)
    assert cast.asha.ledger.all().balance() == 0
    assert cast.asha.can_movements.all().held() == {}
    assert not Sale.objects.open().exists()


def test_money_that_also_paid_other_sales_stays_on_the_account_after_a_void(cast: Cast) -> None:
    first = sell(cast, 2, customer=cast.asha, is_paid=False)
    sell(cast, 1, customer=cast.asha, is_paid=False)
    receive_payment(customer=cast.asha, amount=Decimal(60), tender=Tender.UPI, actor=TESTS)
    void_sale(first, reason="not hers", actor=TESTS)
    assert cast.asha.ledger.all().balance() == Decimal(-40)


def test_money_paid_ahead_settles_the_next_unpaid_sales(cast: Cast) -> None:
    receive_payment(customer=cast.asha, amount=Decimal(50), tender=Tender.CASH, actor=TESTS)
    sales = [sell(cast, customer=cast.asha, is_paid=False) for _ in range(3)]
    dues = {row.pk: row.due for row in Sale.objects.with_sums()}
    assert [dues[sale.pk] for sale in sales] == [0, 0, Decimal(10)]
    assert cast.asha.ledger.all().balance() == Decimal(10)


def test_money_freed_by_a_void_settles_what_else_is_due(cast: Cast) -> None:
    first, second = (sell(cast, 2, customer=cast.asha, is_paid=False) for _ in range(2))
    receive_payment(customer=cast.asha, amount=Decimal(50), tender=Tender.CASH, actor=TESTS)
    void_sale(first, reason="not hers", actor=TESTS)
    dues = {row.pk: row.due for row in Sale.objects.with_sums()}
    assert dues == {first.pk: 0, second.pk: 0}
    assert cast.asha.ledger.all().balance() == Decimal(-10)


@pytest.mark.parametrize("table", [*TABLES, AuditEntry])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_written_stays(cast: Cast, table: type, statement: str) -> None:
    sell(cast, customer=cast.asha)
    with (
        pytest.raises(DatabaseError, match="written once"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement.format(table._meta.db_table))  # type: ignore[attr-defined]


def test_the_database_refuses_a_sale_that_is_not_in_the_ledger(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha)
    _refused(lambda: Sale.objects.create(**_bare(sale, "A")), "no line")
    _refused(lambda: _with_line(Sale.objects.create(**_bare(sale, "B")), cast), "in the ledger")
    walk_in = _bare(sale, "C") | {"customer": None}
    _refused(lambda: _with_line(Sale.objects.create(**walk_in), cast), "settled with")


def test_the_database_refuses_more_money_on_a_sale_than_it_costs(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha)
    payment = Payment.objects.get()
    _refused(
        lambda: Allocation.objects.create(shop=cast.shop, payment=payment, sale=sale, amount=1), "settled"
    )


def test_the_database_refuses_a_row_that_points_into_another_shop(cast: Cast) -> None:
    other = make_cast("other")
    sale = sell(cast, customer=cast.asha)
    _refused(
        lambda: Sale.objects.create(**_bare(sale, "D") | {"customer": other.asha}), "sale_customer_same_shop"
    )


def test_the_database_refuses_untrue_ledger_entries(cast: Cast) -> None:
    sell(cast, 2, customer=cast.asha, is_paid=False)
    owed = LedgerEntry.objects.get()
    fields = {"shop": cast.shop, "at": owed.at, "customer": cast.asha, "kind": "reversal", "reverses": owed}
    _refused(lambda: LedgerEntry.objects.create(**fields, amount=Decimal(-9999)), "does not match")
    to_bala = fields | {"customer": cast.bala}
    _refused(lambda: LedgerEntry.objects.create(**to_bala, amount=Decimal(-40)), "does not match")


def test_the_database_refuses_a_void_that_leaves_the_debt_standing(cast: Cast) -> None:
    sale = sell(cast, 2, customer=cast.asha, is_paid=False)
    _refused(lambda: SaleVoid.objects.create(shop=cast.shop, sale=sale, reason="x"), "still stands")
    paid = sell(cast, 2)
    _refused(lambda: SaleVoid.objects.create(shop=cast.shop, sale=paid, reason="x"), "is settled")


def test_the_database_refuses_one_customers_money_for_anothers_sale(cast: Cast) -> None:
    receive_payment(customer=cast.bala, amount=Decimal(20), tender=Tender.CASH, actor=TESTS)
    sale, payment = sell(cast, customer=cast.asha, is_paid=False), Payment.objects.get()
    _refused(
        lambda: Allocation.objects.create(shop=cast.shop, payment=payment, sale=sale, amount=20),
        "cannot settle",
    )


def _bare(sale: Sale, code: str) -> dict[str, object]:
    return {
        "shop": sale.shop,
        "code": code,
        "customer": sale.customer,
        "sold_at": sale.sold_at,
        "stated_tender": "cash",
    }


def _with_line(sale: Sale, cast: Cast) -> None:
    SaleLine.objects.create(shop=cast.shop, sale=sale, can_type=cast.can20, quantity=1, amount=20)


def _refused(deed: Callable[[], object], why: str) -> None:
    with pytest.raises(DatabaseError, match=why), transaction.atomic():
        deed()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
