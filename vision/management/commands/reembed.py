"""After VISION_ENGINE or its files changed: give the faces that are known vectors of the new network."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vision import pipeline, reembedding
from vision.management.progress import ProgressLine
from vision.networks import EngineUnavailable
from watershop.accounts import shop_named
from watershop.audit import Actor
from watershop.models import Shop

WHY = {"no_picture": "their picture is gone", "no_face": "no face is found in their picture"}


class Command(BaseCommand):
    help = "Make the vectors of known faces anew for the present engine, from the pictures that are kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", help="the shop's address (default: all shops)")
        parser.add_argument(
            "--drop-old", action="store_true", help="delete the old vectors of faces that have a new one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shops = [shop_named(options["shop"])] if options["shop"] else Shop.objects.order_by("slug")
            config = pipeline.eye()
            for shop in shops:
                done = reembedding.renew(
                    shop,
                    config,
                    Actor.command("reembed"),
                    drops_old=options["drop_old"],
                    on_progress=ProgressLine(self.stdout),
                )
                self._report(shop, config.model_id, done)
        except (LookupError, EngineUnavailable) as error:
            raise CommandError(str(error)) from error

    def _report(self, shop: Shop, model_id: str, done: reembedding.Renewal) -> None:
        text = f"{shop.slug}: {done.made} faces have a vector of {model_id} now; {done.dropped} old ones deleted."
        self.stdout.write(self.style.SUCCESS(text))
        for reason, count in sorted(done.failed.items()):
            self.stdout.write(f"{shop.slug}: {count} could not be done: {WHY[reason]}.")
