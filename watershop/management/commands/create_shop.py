"""manage.py create_shop: open a further shop from the server's command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from sales.models import FIRST_CAN_TYPES
from watershop import accounts, opening
from watershop.audit import Actor
from watershop.models import Shop, User


class Command(BaseCommand):
    help = "Open a shop with its owner and the usual can sizes. A new user gets a one-time password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SLUG", help="its place in web addresses: /s/SLUG/")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner", required=True, metavar="USERNAME")
        parser.add_argument("--zone", default=Shop._meta.get_field("zone").default, help="its time zone")
        parser.add_argument("--language", default=Shop._meta.get_field("language").default)

    def handle(self, *, slug: str, owner: str, language: str, **options: Any) -> None:
        shop = {"slug": slug, "language": language} | {key: options[key] for key in ("name", "zone")}
        try:
            user, password = self._open(owner, shop)
        except ValidationError as error:
            raise CommandError(_in_words(error)) from error
        self.stdout.write(
            _("%(name)s is open at %(path)s.")
            % {"name": shop["name"], "path": reverse("shop_home", args=[slug])}
        )
        if password:
            self.stdout.write(
                _("%(user)s signs in with the one-time password %(password)s within seven days.")
                % {"user": user.username, "password": password}
            )
        else:
            self.stdout.write(_("%(user)s signs in as before.") % {"user": user.username})

    @transaction.atomic
    def _open(self, owner: str, shop: dict[str, str]) -> tuple[User, str]:
        """The shop's owner and, when the user is new, their one-time password."""
        actor = Actor.command("create_shop")
        user, password = accounts.user_named(owner, language=shop["language"])
        opened = accounts.create_shop(owner=user, actor=actor, **shop)
        opening.equip(opened, can_types=FIRST_CAN_TYPES, actor=actor)
        return user, password


def _in_words(error: ValidationError) -> str:
    """Each field that can't be used and why, on a line of its own."""
    fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return "\n".join(f"{name}: {text}" if name else text for name, texts in fields.items() for text in texts)
