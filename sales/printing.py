"""What goes to a receipt printer: its ESC/POS bytes, and their way there.

A sale never waits for a printer. What is to be printed is noted with the deed and sent by a worker; a printer that
does not answer is a chip on the receipt's page, to be tried again. Letters are sent as dots (`slip_picture`), for
printers know no Indian script.
"""

import os
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatch
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from escpos.printer import Dummy
from PIL import Image

from sales.models import PaperWidth, Printer, Printout, Sale, Tender
from sales.reversals import came_with
from sales.slip_picture import picture_of, sample
from sales.slips import receipt_of
from watershop import audit, jobs
from watershop.audit import Actor
from watershop.jobs import Beat, JobFailedError
from watershop.models import Job, Shop

TASK = "sales.printing.print_out"
PORT = 9100  # where network printers listen for raw bytes
PATIENCE = 5.0  # seconds for everything a printer is asked at once
STALE = timedelta(minutes=5)  # nobody waits for older ones, and no drawer is to open by itself
DRAWER_PIN = 2
PROFILE = {PaperWidth.NARROW: "POS-5890", PaperWidth.WIDE: "TM-T20II"}
"""A common printer of that width, as python-escpos knows it; the narrow one has no knife."""
TALLEST = 960  # rows of dots sent at once: more overflows the memory of small printers


class Failure(models.TextChoices):
    """Why nothing was printed, as the job keeps it."""

    SILENT = "silent", gettext_lazy("The printer does not answer. Is it on, and is its cable in?")
    STUCK = "stuck", gettext_lazy("The printer stopped in the middle. Is there paper?")
    STRANGE = "strange", gettext_lazy("There is no printer of that address in the shop's network.")
    LATE = "late", gettext_lazy("It waited too long and was dropped.")


@dataclass(frozen=True)
class Attempt:
    """A printout and the job that prints it."""

    printout: Printout
    job: Job

    @property
    def is_waiting(self) -> bool:
        return self.job.state in (Job.State.QUEUED, Job.State.RUNNING)

    @property
    def failure(self) -> str:
        """Why nothing was printed, for the clerk; "" as long as nothing went wrong."""
        if self.job.state != Job.State.FAILED:
            return ""
        return str(Failure(self.job.error).label) if self.job.error in Failure.values else self.job.error


def attempts(printouts: QuerySet[Printout]) -> list[Attempt]:
    """How it went with each of these; two queries."""
    rows = list(printouts.select_related("printer"))
    tasks = Job.objects.filter(name=TASK, subject_id__in=[row.pk for row in rows]).order_by("pk")
    job_of = {job.subject_id: job for job in tasks}
    return [Attempt(row, job_of[row.pk]) for row in rows if row.pk in job_of]


def last_attempts(shop: Shop) -> dict[int, Attempt]:
    """What each printer of the shop was asked last, by its id."""
    latest = Printout.objects.filter(shop=shop).order_by("printer_id", "-id").distinct("printer_id")
    return {attempt.printout.printer_id: attempt for attempt in attempts(latest)}


def attempt_of(printout: Printout) -> Attempt | None:
    return next(iter(attempts(Printout.objects.filter(pk=printout.pk))), None)


def last_receipt(sale: Sale) -> Attempt | None:
    """The latest try to print the receipt of this sale."""
    latest = sale.printouts.filter(kind=Printout.Kind.RECEIPT).order_by("-id")[:1]
    return next(iter(attempts(latest)), None)


def check_address(address: str) -> None:
    """Raise ValidationError for what is neither host[:port] nor a printer's device of this machine."""
    if address.startswith("/"):
        if ".." in address or not any(fnmatch(address, known) for known in settings.PRINTER_DEVICES):
            known = ", ".join(settings.PRINTER_DEVICES)
            raise ValidationError(_("A printer at this computer is one of %(known)s.") % {"known": known})
        return
    host, _colon, port = address.partition(":")
    if not host or (port and not (port.isdecimal() and 0 < int(port) < 65536)) or " " in address:
        raise ValidationError(_("Write it like 192.168.1.50 or 192.168.1.50:9100."))


@transaction.atomic
def add_printer(shop: Shop, *, actor: Actor, **fields: Any) -> Printer:
    """A new printer. Raises ValidationError when its name is taken."""
    printer = Printer(shop=shop, **fields)
    printer.full_clean()
    printer.save()
    audit.record(shop, actor, "add_printer", printer, after=fields)
    return printer


def change_printer(printer: Printer, fields: Mapping[str, Any], *, actor: Actor) -> Printer:
    """Raises ValidationError when its name is taken."""
    return audit.change(printer, actor, "change_printer", fields)


@transaction.atomic
def ask(printer: Printer, kind: Printout.Kind, *, actor: Actor, sale: Sale | None = None) -> Printout:
    """Note what is to be printed; a worker sends it once this transaction is through."""
    printout = Printout.objects.create(
        shop=printer.shop, printer=printer, kind=kind, sale=sale, by=actor.user
    )
    after = {"printer": printer.pk, "kind": kind, "sale": sale.pk if sale else None}
    audit.record(printer.shop, actor, "print", printout, after=after)
    jobs.enqueue(printer.shop, TASK, printout.pk)
    return printout


def sale_was_made(sale: Sale, *, actor: Actor) -> None:
    """Open the drawer for cash and print the receipt, where a printer is to do so; part of the sale's transaction."""
    printers = Printer.objects.of(sale.shop).active().filter(Q(has_drawer=True) | Q(prints_sales=True))
    for printer in printers.select_related("shop"):
        if printer.has_drawer and came_with(sale).filter(tender=Tender.CASH).exists():
            ask(printer, Printout.Kind.DRAWER, actor=actor, sale=sale)
        if printer.prints_sales:
            ask(printer, Printout.Kind.RECEIPT, actor=actor, sale=sale)


def print_out(printout_id: int, beat: Beat) -> None:
    """The worker's part: make the bytes and send them. Raises JobFailedError with a Failure."""
    printout = Printout.objects.select_related("shop", "printer").get(pk=printout_id)
    if timezone.now() - printout.asked_at > STALE:
        raise JobFailedError(Failure.LATE)
    send(printout.printer.address, bytes_of(printout))


def bytes_of(printout: Printout) -> bytes:
    """ESC/POS: reset, then open the drawer, or the picture as raster and a cut."""
    device = Dummy(profile=PROFILE[PaperWidth(printout.printer.width)])
    device.hw("INIT")
    if printout.kind == Printout.Kind.DRAWER:
        device.cashdraw(DRAWER_PIN)
    else:
        device.image(_picture(printout), impl="bitImageRaster", fragment_height=TALLEST)
        device.cut()
    output: bytes = device.output
    return output


def _picture(printout: Printout) -> Image.Image:
    width = PaperWidth(printout.printer.width)
    if printout.sale_id is None:
        return sample(printout.shop.name, width)
    sales = Sale.objects.with_sums().select_related("shop", "customer", "clerk", "void")
    return picture_of(receipt_of(sales.get(pk=printout.sale_id)), width)


def send(address: str, data: bytes) -> None:
    """Give the bytes to a printer within PATIENCE. Raises JobFailedError with a Failure."""
    if address.startswith("/"):
        _send_to_device(address, data)
    else:
        _send_over_network(address, data)


def _send_over_network(address: str, data: bytes) -> None:
    host, _colon, port = address.partition(":")
    try:
        ((*_family, place), *_more) = socket.getaddrinfo(
            host, int(port or PORT), socket.AF_INET, socket.SOCK_STREAM
        )
    except OSError:
        raise JobFailedError(Failure.STRANGE) from None
    # Whoever may name a printer must not make this server speak to the world outside.
    if not ip_address(place[0]).is_private:
        raise JobFailedError(Failure.STRANGE)
    deadline = time.monotonic() + PATIENCE
    with socket.socket() as wire:
        # A small buffer here, so that what the printer did not take shows as not sent.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        wire.settimeout(PATIENCE)
        try:
            wire.connect(place)
        except OSError:
            raise JobFailedError(Failure.SILENT) from None
        wire.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            wire.sendall(data)
        except OSError:
            raise JobFailedError(Failure.STUCK) from None


def _send_to_device(path: str, data: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    try:
        device = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        raise JobFailedError(Failure.SILENT) from None
    try:
        while data:
            _read, ready, _error = select.select([], [device], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise JobFailedError(Failure.STUCK)
            data = data[os.write(device, data) :]
    except OSError:
        raise JobFailedError(Failure.STUCK) from None
    finally:
        os.close(device)
