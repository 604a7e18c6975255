"""manage.py seed: fill an empty database with the demo shop; `manage.py run --demo` calls it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from watershop.demo import NotEmptyError, build_demo


class Command(BaseCommand):
    help = (
        "Build the demo shop in an empty database: customers, sixty days of trade, visits, a clip to watch."
    )

    def handle(self, **options: Any) -> None:
        try:
            build_demo()
        except NotEmptyError as error:
            raise CommandError(str(error)) from error
