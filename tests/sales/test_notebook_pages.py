"""The manager brings the notebook in over pages: template, preview, mending, storing once, undoing."""

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from sales.dues import balance_of
from sales.models import NotebookImport
from sales.notebook_sheet import read_file
from tests.base import Cast, make_cast
from watershop import jobs
from watershop.models import Job, User

SignIn = Callable[[User], Client]
SHEET = "Name\tPhone\tDue\nAsha R\t9876501234\t100\nChitra\t\t50\nDevi\t\tlots\n"


def url(name: str, *args: object) -> str:
    return reverse(name, args=["water", *args])


def send(client: Client, **fields: str) -> HttpResponse:
    body = {"client_ref": str(uuid4()), "sheet": SHEET, "do": "store"} | fields
    return client.post(url("notebook_store"), body)  # type: ignore[return-value]


def work() -> None:
    """The worker comes by."""
    for job in Job.objects.filter(state=Job.State.QUEUED):
        jobs.run(job.pk)


def test_a_pasted_sheet_is_shown_first_and_nothing_is_stored(cast: Cast, client_of: SignIn) -> None:
    answer = client_of(cast.meena).post(url("notebook"), {"sheet": SHEET})
    page = answer.content.decode()
    assert answer.status_code == 200 and "Store 2 customers" in page and "amount “lots”" in page
    assert 'data-sheet="4"' in page and "It is Asha (ASHA)" in page
    assert not NotebookImport.objects.exists() and Customer.objects.count() == 2


def test_a_file_is_looked_at_like_pasted_cells(cast: Cast, client_of: SignIn) -> None:
    file = SimpleUploadedFile("book.csv", SHEET.replace("\t", ",").encode())
    assert "Store 2 customers" in client_of(cast.meena).post(url("notebook"), {"file": file}).content.decode()
    bad = SimpleUploadedFile("book.xlsx", b"nonsense")
    answer = client_of(cast.meena).post(url("notebook"), {"file": bad})
    assert answer.status_code == 422 and "be read" in answer.content.decode()
    assert client_of(cast.meena).post(url("notebook"), {"sheet": ""}).status_code == 422


def test_a_bad_cell_is_mended_or_left_out_and_the_rest_is_not_lost(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    answer = send(client)
    assert answer.status_code == 422 and "Devi" in answer.content.decode()
    assert not NotebookImport.objects.exists()
    looked = send(client, do="look", sheet=SHEET.replace("lots", "5"))
    assert looked.status_code == 200 and "Store 3 customers" in looked.content.decode()
    assert send(client, skip_bad="on").status_code == 302
    work()
    assert set(Customer.objects.values_list("name", flat=True)) == {"Asha", "Bala", "Chitra"}
    assert balance_of(cast.asha) == 100


def test_a_known_customer_can_be_added_as_new_all_the_same(cast: Cast, client_of: SignIn) -> None:
    assert send(client_of(cast.meena), skip_bad="on", row_2="new").status_code == 302
    work()
    assert balance_of(cast.asha) == 0 and balance_of(Customer.objects.get(name="Asha R")) == 100


def test_a_sheet_sent_twice_is_stored_once_and_undone_once(cast: Cast, client_of: SignIn) -> None:
    client, ref = client_of(cast.meena), str(uuid4())
    sheet = "Name\tDue\nChitra\t50\n"
    assert [send(client, client_ref=ref, sheet=sheet).status_code for _n in range(2)] == [302, 302]
    work()
    batch = NotebookImport.objects.get()
    page = client.get(url("notebook")).content.decode()
    assert "1 row" in page and "undone" not in page
    answer = client.post(url("notebook_undo", batch.pk))
    work()
    assert "The import is undone." in client.get(answer.headers["Location"]).content.decode()
    assert "undone already" in client.post(url("notebook_undo", batch.pk), follow=True).content.decode()


def test_the_template_has_a_column_per_size_in_the_chosen_language(cast: Cast, client_of: SignIn) -> None:
    client = client_of(cast.meena)
    answer = client.get(url("notebook_template", "te"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customers-te.xlsx"'
    content = answer.content
    assert re.search(rb"^PK", content)
    with pytest.raises(Exception, match="nothing under"):
        read_file("t.xlsx", content)
    assert client.get(url("notebook_template", "xx")).status_code == 404


def test_the_command_does_the_same_as_the_page(cast: Cast, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(SHEET)
    with pytest.raises(CommandError, match="Nothing was stored"):
        call_command("import_customers", file)
    call_command("import_customers", file, "--skip-bad", "--dry-run")
    assert not NotebookImport.objects.exists()
    call_command("import_customers", file, "--skip-bad")
    assert balance_of(cast.asha) == 100 and NotebookImport.objects.get().by is None


def test_clerks_and_other_shops_find_no_door(cast: Cast, client_of: SignIn) -> None:
    send(client_of(cast.meena), skip_bad="on")
    work()
    other, batch = make_cast("other"), NotebookImport.objects.get()
    doors = [url("notebook"), url("notebook_store"), url("notebook_undo", batch.pk)]
    for door in doors:
        assert client_of(cast.ravi).post(door).status_code == 403
        assert client_of(other.lakshmi).post(door).status_code == 404
    theirs = reverse("notebook_undo", args=["other", batch.pk])
    assert client_of(other.meena).post(theirs).status_code == 404
    page = client_of(other.meena).get(reverse("notebook", args=["other"])).content.decode()
    assert "What came in" not in page
