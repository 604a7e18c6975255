"""The tax on a receipt: held in the price, halved, rounded so that all adds up, and that of the sale's time."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales import pricelist
from sales.gst import taxes_in
from sales.models import Sale
from sales.new_sale import Line
from sales.slips import Receipt, receipt_of
from tests.base import TESTS, Cast, sell

RATES = st.sampled_from([Decimal(5), Decimal(12), Decimal(18), Decimal(28)])
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("99999.99"), places=2)


def slip(sale: Sale) -> Receipt:
    return receipt_of(Sale.objects.with_sums().get(pk=sale.pk))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine proves nothing here
@given(st.lists(st.tuples(RATES, AMOUNTS), max_size=6))
def test_taxable_value_and_both_halves_add_up_to_what_was_charged(
    charged: list[tuple[Decimal, Decimal]],
) -> None:
    taxes = taxes_in(charged)
    assert len(taxes) == len({rate for rate, _amount in charged})
    for tax in taxes:
        amount = sum(amount for rate, amount in charged if rate == tax.rate)
        assert tax.taxable + 2 * tax.half == amount
        assert abs(tax.half - tax.taxable * tax.rate / 200) <= Decimal("0.01")


def test_118_rupees_at_18_per_cent_are_100_and_twice_9() -> None:
    (tax,) = taxes_in([(Decimal(18), Decimal(118)), (None, Decimal(50))])
    assert (tax.taxable, tax.half) == (Decimal(100), Decimal(9))


def test_a_receipt_shows_the_tax_of_each_rate_and_the_code_of_each_size(cast: Cast) -> None:
    assert slip(sell(cast)).taxes == ()
    pricelist.change_can_type(cast.can20, {"gst_rate": Decimal(18), "hsn": "2201"}, actor=TESTS)
    receipt = slip(sell(cast, lines=[Line(cast.can20, 1, Decimal(118)), Line(cast.can10, 1)]))
    assert receipt.taxes == (("Without tax", "₹100.00"), ("CGST 9 %", "₹9.00"), ("SGST 9 %", "₹9.00"))
    assert [item.name for item in receipt.items] == ["20L (HSN 2201)", "10L"]


def test_a_sale_keeps_the_tax_of_its_time(cast: Cast) -> None:
    before = sell(cast, sold_at=timezone.now() - timedelta(minutes=5))
    pricelist.change_can_type(cast.can20, {"gst_rate": Decimal(5)}, actor=TESTS)
    assert slip(before).taxes == ()
    assert slip(sell(cast)).taxes[1][0] == "CGST 2.5 %"
