"""Fixtures: the cast one by one, and signed-in clients."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management.commands import flush
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from customers.models import Customer
from sales.models import CanType
from tests.base import Cast, empty_tables, make_cast
from watershop.models import Shop, User


@pytest.fixture(autouse=True)
def _files_of_their_own(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True, scope="session")
def _flush_past_append_only() -> Iterator[None]:
    """Transactional and browser tests end with a flush, which the append-only triggers refuse."""
    original = flush.Command.handle
    flush.Command.handle = lambda *_args, **_options: empty_tables()  # type: ignore[method-assign]
    yield
    flush.Command.handle = original  # type: ignore[method-assign]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def shop(cast: Cast) -> Shop:
    return cast.shop


@pytest.fixture
def lakshmi(cast: Cast) -> User:
    return cast.lakshmi


@pytest.fixture
def meena(cast: Cast) -> User:
    return cast.meena


@pytest.fixture
def ravi(cast: Cast) -> User:
    return cast.ravi


@pytest.fixture
def asha(cast: Cast) -> Customer:
    return cast.asha


@pytest.fixture
def bala(cast: Cast) -> Customer:
    return cast.bala


@pytest.fixture
def can20(cast: Cast) -> CanType:
    return cast.can20


@pytest.fixture
def can10(cast: Cast) -> CanType:
    return cast.can10


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which this user is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="watershop.accounts.OneTimePasswordBackend")
        return client

    return sign_in


@pytest.fixture
def api_of() -> Callable[[User], APIClient]:
    """A phone with a token of this user."""

    def pair(user: User) -> APIClient:
        client = APIClient()
        _row, token = AuthToken.objects.create(user=user)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return pair
