"""The demo shop is alive on every page, and its books agree."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from customers.models import Customer
from sales.models import CanMovement, LedgerEntry, Payment, Sale, SaleVoid
from tests.base import TESTS
from vision.models import Person, Recording, SaleLink, Visit
from watershop import accounts, demo_camera, pins
from watershop.dates import day_of, last_days
from watershop.demo import DAYS
from watershop.models import Job, Shop, User

pytestmark = (
    pytest.mark.django_db
)  # without it no test database is made, and the fixture would use the real one


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker, media: Path) -> Iterator[Shop]:
    """Built once for this file, with a shorter clip, in a transaction that is rolled back at its end."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=media),
        pytest.MonkeyPatch.context() as patch,
        transaction.atomic(),
    ):
        assert connection.settings_dict["NAME"].startswith("test_")
        patch.setattr(demo_camera, "CLIP_MINUTES", 0.5)
        patch.setattr(demo_camera, "CLIP_VISITS", 2)
        call_command("seed")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the books agree; else this is where it ends
        yield Shop.objects.get()
        transaction.set_rollback(True)


def test_it_is_a_practice_shop_with_its_three_people(demo: Shop) -> None:
    assert demo.is_demo
    sign_ins = accounts.fresh_demo_sign_ins()
    assert [name for name, _role, _password, _pin in sign_ins] == ["owner", "meena", "ravi"]
    for name, _role, password, pin in sign_ins:
        user = User.objects.get(username=name)
        assert user.check_password(password)
        member = user.memberships.get()
        assert pins.identify(demo, str(member.pk), pin, actor=TESTS) == member


def test_sixty_days_of_sales_to_forty_customers_lead_up_to_now(demo: Shop) -> None:
    sales = Sale.objects.of(demo)
    assert Customer.objects.of(demo).count() == 40
    assert sales.during(last_days(demo, DAYS + 1)).count() == sales.count() > 1200
    assert sales.filter(sold_at__gt=timezone.now()).count() == 0
    days = {day_of(demo, sale.sold_at) for sale in sales}
    assert len(days) >= 59
    clip = Recording.objects.get(shop=demo, state=Recording.State.WAITING)
    assert sum(day_of(demo, sale.sold_at) == day_of(demo, clip.started_at) for sale in sales) > 5
    assert set(sales.values_list("stated_tender", flat=True)) == {"cash", "upi", "coin"}


def test_some_owe_some_have_paid_and_some_hold_cans(demo: Shop) -> None:
    assert LedgerEntry.objects.of(demo).balance() > 0
    old = timezone.now() - timedelta(days=15)
    assert Sale.objects.of(demo).open().filter(sold_at__lt=old).exists(), "there are defaulters"
    assert Payment.objects.filter(shop=demo, allocations__sale__sold_at__lt=old).count() > 100
    assert SaleVoid.objects.filter(shop=demo).count() == 3
    held = CanMovement.objects.of(demo).held()
    assert held["20L"] > 5
    assert CanMovement.objects.of(demo).filter(sale=None).exists()


def test_nobody_holds_a_negative_number_of_cans(demo: Shop) -> None:
    for customer in Customer.objects.of(demo):
        held = CanMovement.objects.filter(customer=customer, sale__void=None).held()
        assert all(count > 0 for count in held.values()), customer


def test_the_camera_saw_who_came_and_links_were_decided(demo: Shop) -> None:
    assert Visit.objects.of(demo).count() > 800
    assert Person.objects.filter(shop=demo, customer__isnull=False).count() > 20
    states = set(SaleLink.objects.filter(shop=demo).values_list("state", flat=True))
    assert states >= {"suggested", "confirmed", "refused"}


def test_a_clip_waits_for_the_worker_with_sales_in_its_time(demo: Shop, media: Path) -> None:
    clip = Recording.objects.get(shop=demo, state=Recording.State.WAITING)
    assert (media / str(clip.file)).stat().st_size > 100_000
    assert Job.objects.get(subject_id=clip.pk, cluster="video").state == Job.State.QUEUED
    assert Sale.objects.of(demo).filter(sold_at__gte=clip.started_at).count() == 2


def test_it_is_never_built_into_a_database_with_a_shop(demo: Shop) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("seed")
