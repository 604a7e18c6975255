"""Printing on a receipt printer: what is asked, what arrives, and that no printer ever stands in the way of a sale."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries, Settings

from sales import printing
from sales.models import Printer, Printout, Sale, SalesSettings
from sales.printing import Failure, print_out
from tests.base import TESTS, Cast, make_cast, sell
from watershop import jobs
from watershop.models import AuditEntry, Job, User

SignIn = Callable[[User], Client]
CUT = b"\x1dV\x00"
KICK = b"\x1bp\x00"


@contextmanager
def listening(*, takes: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """A printer on this machine's network; one that does not take anything fills up and hangs."""
    received: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    done = threading.Event()

    def serve() -> None:
        wire, _address = server.accept()
        with wire:
            while takes and (part := wire.recv(4096)):
                received.append(part)
            if not takes:
                done.wait(30)
        done.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}", received
    done.wait(10) if takes else done.set()
    server.close()
    thread.join(10)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def printer(cast: Cast, address: str = "127.0.0.1:1", **fields: bool) -> Printer:
    return printing.add_printer(
        cast.shop, actor=TESTS, **{"name": "Counter", "address": address, "width": 80} | fields
    )


def work() -> Job:
    """Do what waits, as the worker does; the last job as it then stands."""
    for pk in Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True):
        jobs.run(pk)
    return Job.objects.latest("pk")


def test_a_receipt_arrives_at_the_printer(cast: Cast, client_of: SignIn) -> None:
    sale = sell(cast, customer=cast.bala)
    client, url = client_of(cast.ravi), reverse("receipt", args=["water", sale.pk])
    with listening() as (address, received):
        row = printer(cast, address)
        response = client.post(reverse("receipt_print", args=["water", sale.pk]), {"printer": row.pk})
        assert response.status_code == 302 and "printing …" in client.get(url).text
        assert work().state == Job.State.DONE
    sent = b"".join(received)
    assert b"\x1dv0" in sent and sent.endswith(CUT) and KICK not in sent
    assert "Counter: receipt" in client.get(url).text
    assert AuditEntry.objects.get(action="print").after == {
        "printer": row.pk,
        "kind": "receipt",
        "sale": sale.pk,
    }


@pytest.mark.parametrize(
    "address, failure",
    [("127.0.0.1:1", Failure.SILENT), ("8.8.8.8:9100", Failure.STRANGE), ("/dev/usb/lp99", Failure.SILENT)],
)
def test_a_printer_that_refuses_is_said_on_the_receipt_and_tried_again(
    cast: Cast, client_of: SignIn, address: str, failure: Failure
) -> None:
    sale, client = sell(cast), client_of(cast.ravi)
    printing.ask(printer(cast, address), Printout.Kind.RECEIPT, sale=sale, actor=TESTS)
    assert (work().state, work().error) == (Job.State.FAILED, failure)
    text = client.get(reverse("receipt", args=["water", sale.pk])).text
    assert "not printed" in text and "Try again" in text and escape(str(failure.label)) in text


def test_a_printer_that_hangs_gives_the_worker_back_in_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PATIENCE", 0.5)
    with listening(takes=False) as (address, _received):
        printing.ask(printer(cast, address), Printout.Kind.RECEIPT, sale=sell(cast), actor=TESTS)
        began = timezone.now()
        assert work().error == Failure.STUCK
    assert timezone.now() - began < timedelta(seconds=10)


def test_no_printer_stands_in_the_way_of_a_sale(cast: Cast, client_of: SignIn) -> None:
    printer(cast, closed_port(), prints_sales=True, has_drawer=True)
    client = client_of(cast.ravi)
    form = client.get(reverse("till", args=["water"])).context["form"]
    body = {"client_ref": str(form["client_ref"].value()), f"sold_{cast.can20.pk}": 1, "tender": "cash"}
    response = client.post(reverse("till", args=["water"]), body)
    assert response.status_code == 302 and Sale.objects.count() == 1
    assert (
        client.post(reverse("till", args=["water"]), body).headers["Location"] == response.headers["Location"]
    )
    assert list(Printout.objects.order_by("id").values_list("kind", flat=True)) == ["drawer", "receipt"]
    work()
    assert "not printed" in client.get(response.headers["Location"]).text


def test_the_drawer_opens_for_cash_alone(cast: Cast) -> None:
    printer(cast, has_drawer=True)
    printing.sale_was_made(sell(cast, tender="upi"), actor=TESTS)
    assert not Printout.objects.exists()
    sale = sell(cast)
    printing.sale_was_made(sale, actor=TESTS)
    (printout,) = Printout.objects.all()
    assert (printout.kind, printout.sale) == ("drawer", sale)
    sent = printing.bytes_of(printout)
    assert KICK in sent and b"\x1dv0" not in sent


def test_what_waited_too_long_is_dropped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    printing.ask(printer(cast), Printout.Kind.DRAWER, actor=TESTS)
    later = timezone.now() + printing.STALE + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert work().error == Failure.LATE


def test_a_printer_at_this_computer_gets_the_same_bytes(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    pipe = tmp_path / "lp0"
    os.mkfifo(pipe)
    settings.PRINTER_DEVICES = (f"{tmp_path}/lp*",)
    printing.check_address(str(pipe))
    printout = printing.ask(printer(cast, str(pipe)), Printout.Kind.TEST, actor=TESTS)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    while not received:
        try:
            print_out(printout.pk, lambda *_args: None)  # type: ignore[arg-type]
        except jobs.JobFailedError:
            continue  # the reader has not opened its end yet
        reader.join(10)
    assert received == [printing.bytes_of(printout)]


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "/dev/usb/../sda", "/dev/sda", "192.168.1.50:99999", "a b", ":9100", "host:x"]
)
def test_only_a_printer_can_be_named_as_one(address: str) -> None:
    with pytest.raises(ValidationError):
        printing.check_address(address)
    for good in ("192.168.1.50", "printer.local:9100", "/dev/usb/lp0"):
        printing.check_address(good)


def test_a_manager_adds_a_printer_tests_it_and_opens_the_drawer(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    body = {"name": "Counter", "address": "192.168.1.50", "width": "58", "has_drawer": "on"}
    response = client.post(reverse("printer_add", args=["water"]), body)
    row = Printer.objects.get()
    assert response.headers["Location"] == reverse("printer", args=["water", row.pk])
    for do in ("test", "drawer"):
        assert client.post(reverse("printer_ask", args=["water", row.pk]), {"do": do}).status_code == 302
    assert list(Printout.objects.order_by("id").values_list("kind", flat=True)) == ["test", "drawer"]
    assert client.post(reverse("printer_add", args=["water"]), body).status_code == 422  # the name is taken
    assert client.post(response.headers["Location"], body | {"address": "/etc/passwd"}).status_code == 422
    client.post(response.headers["Location"], body | {"width": "80"})
    client.post(response.headers["Location"], {"do": "put_away"})
    row.refresh_from_db()
    assert (row.width, row.is_active) == (80, False)
    assert "Put away" in client.get(reverse("printers", args=["water"])).text
    assert client.post(reverse("printer_ask", args=["water", row.pk])).status_code == 404
    acts = set(
        AuditEntry.objects.filter(subject_type__startswith="sales.print").values_list("action", flat=True)
    )
    assert acts == {"add_printer", "change_printer", "print"}


def test_clerks_print_but_do_not_look_after_printers(cast: Cast, client_of: SignIn) -> None:
    row, client = printer(cast), client_of(cast.ravi)
    for url in (reverse("printers", args=["water"]), reverse("printer", args=["water", row.pk])):
        assert client.get(url).status_code == 403
    assert client.post(reverse("printer_ask", args=["water", row.pk]), {"do": "drawer"}).status_code == 403
    assert not Printout.objects.exists()


def test_another_shops_printer_and_printout_are_not_found(cast: Cast, client_of: SignIn) -> None:
    other = make_cast("other")
    row, mine = printer(other), sell(cast)
    printout = printing.ask(row, Printout.Kind.TEST, actor=TESTS)
    client = client_of(cast.lakshmi)
    for url in (reverse("printer", args=["water", row.pk]), reverse("printout", args=["water", printout.pk])):
        assert client.get(url).status_code == 404
    url = reverse("receipt_print", args=["water", mine.pk])
    for number in (row.pk, "", "x"):
        assert client.post(url, {"printer": number}).status_code == 404


def test_the_list_of_printers_costs_the_same_for_many(
    cast: Cast, client_of: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = client_of(cast.meena), reverse("printers", args=["water"])
    for number in range(5):
        row = printing.add_printer(cast.shop, actor=TESTS, name=f"P{number}", address="127.0.0.1:1", width=80)
        printing.ask(row, Printout.Kind.TEST, actor=TESTS)
    with django_assert_num_queries(8):
        assert "P4" in client.get(url).text


def test_the_tax_number_is_checked_and_stands_on_each_receipt(cast: Cast, client_of: SignIn) -> None:
    client, url = client_of(cast.meena), reverse("printers", args=["water"])
    for wrong in ("27AAPFU0939F1ZX", "27AAPFU0939F1Z", "hello"):
        assert client.post(url, {"receipt_width": 58, "gstin": wrong}).status_code == 422
    assert client.post(url, {"receipt_width": 58, "gstin": "27aapfu0939f1zv"}).status_code == 302
    row = SalesSettings.objects.get()
    assert (row.gstin, row.receipt_width) == ("27AAPFU0939F1ZV", 58)
    text = client.get(reverse("receipt", args=["water", sell(cast).pk])).text
    assert "27AAPFU0939F1ZV" in text and "receipt--58" in text
