"""`kill -9` of the web worker, before and after the sale is stored: sent again, the form makes exactly one sale.

PostgreSQL finds the moment, so no line of the shop knows of this test. At its COMMIT the database looks at the
customer's row for the foreign keys of the sale. The test holds that row, stops the worker as it waits for its COMMIT,
lets the row go and sees the sale appear: the worker, stopped, has not heard of it. Then it is killed.
"""

import http
import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection
from django.urls import reverse

from sales.models import Allocation, CanMovement, LedgerEntry, Payment, Sale
from tests.base import Cast, make_cast
from tests.web_server import PATIENCE, Browser, WebServer, web_server

pytestmark = pytest.mark.django_db(transaction=True)
TILL = "/s/water/till/"


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[WebServer]:
    with web_server(var=tmp_path, workers=1) as server:
        yield server


def form(cast: Cast, **fields: Any) -> dict[str, Any]:
    sold = {f"sold_{cast.can20.pk}": 2, f"back_{cast.can20.pk}": 1}
    return {"client_ref": str(uuid4()), "tender": "cash", "customer": cast.asha.pk, **sold, **fields}


@contextmanager
def hold_row_of(cast: Cast) -> Iterator[None]:
    """Another connection holds Asha's row until the block ends."""
    where = connection.settings_dict
    link = psycopg2.connect(host=where["HOST"], user=where["USER"], dbname=where["NAME"])
    try:
        link.cursor().execute("SELECT 1 FROM customers_customer WHERE id = %s FOR UPDATE", [cast.asha.pk])
        yield
    finally:
        link.close()


def wait_until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def somebody_waits_in(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND wait_event_type = 'Lock' AND query ILIKE %s",
            [query],
        )
        return bool(cursor.fetchone()[0])


def got_no_answer(browser: Browser) -> bool:
    try:
        browser.link.getresponse()
    except (http.client.RemoteDisconnected, ConnectionError):
        return True
    return False


def assert_one_sale_was_made(cast: Cast, answer: http.client.HTTPResponse, *, is_paid: bool) -> None:
    sale = Sale.objects.get()
    assert answer.status == http.HTTPStatus.FOUND
    assert (answer.headers["Location"] or "").startswith(reverse("receipt", args=["water", sale.pk]))
    assert sale.receipt is not None and sale.receipt.endswith("/000001")
    assert Payment.objects.count() == Allocation.objects.count() == int(is_paid)
    assert LedgerEntry.objects.balance() == (0 if is_paid else 40)
    assert CanMovement.objects.filter(customer=cast.asha).held() == {"20L": 1}


def test_killed_after_the_write_the_retry_finds_the_sale(server: WebServer) -> None:
    cast = make_cast()
    ravi, sale = Browser(server, cast.ravi), form(cast)
    (worker,) = server.workers
    with hold_row_of(cast):
        ravi.send(TILL, sale)
        wait_until(lambda: somebody_waits_in("COMMIT"))
        worker.suspend()
    wait_until(Sale.objects.exists)
    worker.kill()
    assert got_no_answer(ravi)
    server.wait()
    assert_one_sale_was_made(cast, Browser(server, cast.ravi).post(TILL, sale), is_paid=True)


def test_killed_before_the_write_the_retry_makes_the_sale(server: WebServer) -> None:
    cast = make_cast()
    ravi, sale = Browser(server, cast.ravi), form(cast, is_unpaid="on")
    (worker,) = server.workers
    with hold_row_of(cast):
        ravi.send(TILL, sale)
        wait_until(lambda: somebody_waits_in("%FOR NO KEY UPDATE%"))
        worker.kill()
        assert got_no_answer(ravi)
    wait_until(lambda: not somebody_waits_in("%"))
    assert not Sale.objects.exists()
    server.wait()
    assert_one_sale_was_made(cast, Browser(server, cast.ravi).post(TILL, sale), is_paid=False)


def test_control_a_form_with_a_new_key_sells_again(server: WebServer) -> None:
    cast = make_cast()
    for _ in range(2):
        assert Browser(server, cast.ravi).post(TILL, form(cast)).status == http.HTTPStatus.FOUND
    assert Sale.objects.count() == 2
