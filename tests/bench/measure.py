"""What a sale costs: queries, milliseconds beside a bare INSERT, kilobytes of the till's page."""

import gzip
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode, urljoin
from uuid import uuid4

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Customer
from sales.deposits import Deposit
from sales.ledger import receive_payment, record_sale
from sales.models import CanType, Tender
from sales.new_sale import Line, NewSale
from tests.base import TESTS
from tests.bench.fill import BIG, CLERKS, FAMILIES, NAMES
from tests.web_server import Browser, WebServer
from watershop.models import Shop, User


def queries_of_a_sale(slug: str) -> dict[str, int]:
    """SQL statements of `record_sale` for each kind of sale in that shop; nothing is stored."""
    shop = Shop.objects.get(slug=slug)
    counts = {}
    with transaction.atomic():
        for name, new in _kinds_of_sale(shop).items():
            with transaction.atomic(), CaptureQueriesContext(connection) as queries:
                record_sale(shop, TESTS, new)
                transaction.set_rollback(True)
            counts[name] = len([q for q in queries if "SAVEPOINT" not in q["sql"]])
        transaction.set_rollback(True)
    return counts


def _kinds_of_sale(shop: Shop) -> dict[str, NewSale]:
    """To a walk-in, and to a customer who has a limit, money paid ahead and a deposit for two cans."""
    customer = Customer.objects.of(shop).filter(sales__isnull=False).first()
    assert customer is not None
    customer.credit_limit = Decimal(100_000)
    customer.save()
    can_type = CanType.objects.of(shop).order_by("code").last()
    assert can_type is not None
    lines, half = [Line(can_type, 2)], can_type.litres
    cash, empties = {"lines": lines, "tender": Tender.CASH}, [(can_type, 1)]
    left, back = Deposit(can_type, 2, Decimal(200)), Deposit(can_type, -1, Decimal(-100))
    record_sale(shop, TESTS, NewSale(**cash, customer=customer, deposits=[left]))  # type: ignore[arg-type]
    receive_payment(customer=customer, amount=Decimal(100_000), tender=Tender.CASH, actor=TESTS)
    named: dict[str, Any] = {**cash, "customer": customer, "empties": empties, "client_ref": "bench"}
    return {
        "walk-in, cash": NewSale(**cash),  # type: ignore[arg-type]
        "customer, cash, empties": NewSale(**named),
        "customer, cash, deposit left": NewSale(**named, deposits=[left]),
        "customer, cash, empties and deposit back": NewSale(**named, deposits=[back]),
        "customer, on credit, paid ahead": NewSale(**named, is_paid=False),
        "split, the rest was paid ahead": NewSale(**named, split={Tender.CASH: half, Tender.UPI: half / 2}),
    }


@dataclass
class Times:
    """Seconds of each answer."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        return 1000 * quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


Deed = Callable[[Browser], Any]


def answer_times(server: WebServer, *, rounds: int, posts: int) -> dict[str, Times]:
    """Eight clerks at once: bare INSERTs, sales and searches in turn, so that a busy machine slows all three."""
    shop = Shop.objects.get(slug=BIG)
    browsers = [Browser(server, user) for user in User.objects.filter(username__startswith="clerk")]
    assert len(browsers) == CLERKS
    deeds = _deeds(shop)
    times = {name: Times() for name in deeds}
    with ThreadPoolExecutor(CLERKS) as pool:
        for number in range(rounds + 1):  # the first round warms up
            for name, deed in deeds.items():
                clerks = [pool.submit(_work, browser, deed, posts) for browser in browsers]
                took = [seconds for clerk in clerks for seconds in clerk.result()]
                times[name].seconds += took if number else []
    return times


def _work(browser: Browser, deed: Deed, posts: int) -> list[float]:
    browser.link.close()  # the server closes one that was idle while others were measured
    took = []
    for _ in range(posts):
        began = time.perf_counter()
        deed(browser)
        took.append(time.perf_counter() - began)
    return took


def _deeds(shop: Shop) -> dict[str, Deed]:
    """What a clerk sends; each raises AssertionError when the answer is not what it should be."""
    customers = list(Customer.objects.of(shop).values_list("pk", flat=True))
    can_types = list(CanType.objects.of(shop).values_list("pk", flat=True))
    chance = random.Random(2)
    searches = list(_searches(chance, shop))

    def sell(browser: Browser) -> None:
        ways: list[dict[str, Any]] = [
            {"tender": "cash"},
            {"tender": "upi"},
            {"tender": "cash", "is_unpaid": "on"},
        ]
        size = chance.choice(can_types)
        buyer = {"customer": chance.choice(customers), f"sold_{size}": 2, f"back_{size}": 1}
        _expect(
            browser,
            HTTPStatus.FOUND,
            reverse("till", args=[BIG]),
            {"client_ref": uuid4(), **buyer, **chance.choice(ways)},
        )

    def insert(browser: Browser) -> None:
        _expect(browser, HTTPStatus.FOUND, f"/s/{BIG}/bare/", {})

    def search(browser: Browser) -> None:
        query = urlencode({"q": chance.choice(searches)})
        answer = browser.get(f"{reverse('till_find', args=[BIG])}?{query}")
        assert answer.status == HTTPStatus.OK
        answer.read()

    return {"insert": insert, "sale": sell, "search": search}


def _expect(browser: Browser, status: HTTPStatus, path: str, form: dict[str, Any]) -> None:
    answer = browser.post(path, form)
    said = answer.read()
    assert answer.status == status, said


def _searches(chance: random.Random, shop: Shop) -> Iterator[str]:
    """What clerks type: the beginning of a name, a family, digits of a phone number, a code, and what nobody has."""
    for customer in chance.sample(
        list(Customer.objects.of(shop)), k=min(200, Customer.objects.of(shop).count())
    ):
        yield from (customer.name[:2], customer.name[:4], customer.phone[-4:], customer.code)
    yield from (*NAMES, *FAMILIES, "zz", "nobody")


def till_weight(browser: Browser) -> int:
    """Bytes of the till's page with its styles, scripts, their modules and pictures, compressed; without fonts."""
    page = browser.get(reverse("till", args=[BIG])).read()
    parts, waiting = {"": page}, re.findall(r'(?:src|href)="(/static/[^"#]+)', page.decode())
    while waiting:
        if (path := waiting.pop()) in parts:
            continue
        parts[path] = part = browser.get(path).read()
        if path.endswith(".js"):
            modules = re.findall(r'^import .*?"(\.[^"]+)"', part.decode(), re.MULTILINE)
            waiting += [urljoin(path, module) for module in modules]
    return sum(len(gzip.compress(part)) for part in parts.values())
