"""The user's own transactions file, as their shop wrote it."""

from collections import Counter

from sales.importing import import_transactions
from sales.models import LedgerEntry, Sale
from tests.base import TESTS, shared
from watershop.models import Shop


def test_it_imports_as_a_hundred_sales_with_the_tenders_of_the_file(shop: Shop) -> None:
    file = shared() / "data" / "seed" / "sample_transactions.csv"
    lines = [line.split(",") for line in file.read_text().splitlines()[1:]]
    report = import_transactions(shop, TESTS, file)
    assert (report.is_stored, report.new_sales, report.bad, report.warned) == (True, 100, 0, 0)

    sales = Sale.objects.of(shop)
    words = {"Cash": "cash", "UPI": "upi", "Coins": "coin"}
    stated = Counter(sales.values_list("stated_tender", flat=True))
    assert stated == Counter(words[line[3]] for line in lines)
    unpaid = [line for line in lines if line[6] == "Unpaid"]
    assert sales.open().count() == len(unpaid)
    assert LedgerEntry.objects.of(shop).balance() == sum(int(line[5]) for line in unpaid)
    assert {sale.cans for sale in sales.with_sums()} == {1}


def test_importing_it_again_changes_nothing(shop: Shop) -> None:
    file = shared() / "data" / "seed" / "sample_transactions.csv"
    import_transactions(shop, TESTS, file)
    again = import_transactions(shop, TESTS, file)
    assert (again.is_stored, again.new_sales, again.already_there) == (True, 0, 100)
    assert Sale.objects.of(shop).count() == 100
