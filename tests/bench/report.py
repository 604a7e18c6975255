"""The figures of the bench beside their targets."""

from collections.abc import Iterator
from pathlib import Path

from customers.models import Customer
from sales.models import Sale
from tests.bench.figure import Figure
from tests.bench.fill import BIG, CLERKS, SMALL
from tests.bench.measure import Times, answer_times, queries_of_a_sale, till_weight
from tests.web_server import Browser, web_server
from watershop.models import User

MOST_QUERIES = 15
SALE_TO_INSERT, SEARCH_TO_INSERT = 3.0, 4.0
MOST_KILOBYTES = 80.0
SERVERS = 2


def figures(*, var: Path, rounds: int, posts: int) -> Iterator[Figure]:
    """Measure, one figure after the other."""
    yield Figure("Past sales", Sale.objects.count(), "")
    yield Figure("Customers", Customer.objects.filter(shop__slug=BIG).count(), "")
    few, many = queries_of_a_sale(SMALL), queries_of_a_sale(BIG)
    for kind in few:
        yield Figure(f"Queries of a sale ({kind}), small shop", few[kind], "", MOST_QUERIES)
        yield Figure(f"Queries of a sale ({kind}), big shop", many[kind], "", few[kind])
    settings = {"DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
    with web_server(var=var, workers=SERVERS, environment=settings) as server:
        yield from _of_answers(answer_times(server, rounds=rounds, posts=posts))
        weight = till_weight(Browser(server, User.objects.get(username="clerk0")))
        yield Figure("Till page, compressed, without fonts", weight / 1024, "KB", MOST_KILOBYTES)


def _of_answers(times: dict[str, Times]) -> Iterator[Figure]:
    for name, took in times.items():
        for percent in (50, 95):
            title = f"{name.title()}: {CLERKS} clerks at once, p{percent} of {len(took.seconds)}"
            yield Figure(title, took.percentile(percent), "ms")
    bare = times["insert"].percentile(95)
    yield Figure("Sale to bare insert, p95", times["sale"].percentile(95) / bare, "x", SALE_TO_INSERT)
    yield Figure("Search to bare insert, p95", times["search"].percentile(95) / bare, "x", SEARCH_TO_INSERT)
