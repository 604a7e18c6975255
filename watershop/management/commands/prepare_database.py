"""`manage.py prepare_database`: role, databases and pgvector on the server of DATABASE_URL."""

import os
from typing import Any

import psycopg2
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from watershop import database


class Command(BaseCommand):
    """Make an external PostgreSQL ready for `migrate`; the embedded one makes itself ready."""

    help = "Create the role and databases of DATABASE_URL as the superuser of DATABASE_ADMIN_URL."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """One call, one line."""
        admin_url = os.environ.get("DATABASE_ADMIN_URL")
        if database.is_embedded() or not admin_url:
            raise CommandError(
                _("Set DATABASE_URL and DATABASE_ADMIN_URL to the plain role and the superuser.")
            )
        try:
            database.prepare_external(admin_url)
        except (ImproperlyConfigured, psycopg2.Error) as error:
            raise CommandError(str(error).strip()) from error
        self.stdout.write(_("The database is ready: run migrate next."))
