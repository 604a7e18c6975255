"""manage.py reset_password: let somebody in again who forgot their password."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from watershop import accounts
from watershop.audit import Actor
from watershop.models import User


class Command(BaseCommand):
    help = "Give a user a one-time password and print it; the old password stops working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(
                _("There is no user %(name)s. Check the spelling, capitals too.") % {"name": username}
            )
        password = accounts.reset_password(user, actor=Actor.command("reset_password"))
        self.stdout.write(
            _("%(user)s signs in with the one-time password %(password)s within seven days.")
            % {"user": username, "password": password}
        )
