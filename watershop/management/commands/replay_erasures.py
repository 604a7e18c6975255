"""manage.py replay_erasures: after a backup was brought back, erase once more who was erased since."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import ngettext

from analytics import one_person
from watershop.audit import Actor


class Command(BaseCommand):
    help = "Erase once more whom the log beside the database names and a restored backup has brought back."

    def handle(self, **options: Any) -> None:
        """Say how many; done again it does nothing."""
        count = one_person.replay(Actor.command("replay_erasures"))
        said = ngettext(
            "%(n)s customer was erased once more.", "%(n)s customers were erased once more.", count
        )
        self.stdout.write(said % {"n": count})
