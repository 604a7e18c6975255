"""manage.py recount: count every day of a shop anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics import rollup
from watershop.accounts import shop_named


class Command(BaseCommand):
    help = "Count every day of the shop anew from its rows. The shop stays open: pages say how many days still wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", metavar="SLUG", help="may be left out when there is one shop")

    def handle(self, *, shop: str | None, **options: Any) -> None:
        try:
            counted = shop_named(shop)
        except LookupError as error:
            raise CommandError(str(error)) from error
        rollup.forget(counted)
        rollup.refresh(counted, tell=self._tell)

    def _tell(self, share: float) -> None:
        self.stdout.write(f"{share:.0%}")
