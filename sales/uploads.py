"""Transactions files that came through the page: chosen and shown, then kept for an hour until they are stored."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from watershop.models import Shop

LARGEST_MB = 2
"""About 30,000 sales, half a minute of work. Larger files go in by command."""
KEPT = timedelta(hours=1)
SALT = "sales.import"


class UploadForm(forms.Form):
    """The choice of a file."""

    too_large = _(
        "The file is larger than %(limit)s MB. Cut it into parts, or use the command on the server."
    )
    file = forms.FileField(label=_("Transactions file (CSV)"), allow_empty_file=True)

    def clean_file(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_MB * 1024 * 1024:
            raise ValidationError(self.too_large, params={"limit": LARGEST_MB})
        return file


class StatementForm(UploadForm):
    """The choice of a bank's statement."""

    too_large = _("The file is larger than %(limit)s MB. Choose a statement of fewer days.")
    file = forms.FileField(label=_("Bank statement (CSV)"))


@dataclass(frozen=True)
class Upload:
    """A kept file, and what its owner calls it."""

    path: Path
    name: str

    def token(self, shop: Shop) -> str:
        """What the preview hands back to store this file into this shop."""
        return signing.dumps([shop.pk, self.path.name, self.name], salt=SALT)

    def forget(self) -> None:
        """Delete the file, if nobody has yet."""
        self.path.unlink(missing_ok=True)


def keep(file: "UploadedFile[bytes]") -> Upload:
    """Keep an uploaded file under a name of our own, for our eyes only; forgotten ones go."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest = (timezone.now() - KEPT).timestamp()
    for old in folder.glob("*.csv"):
        with suppress(FileNotFoundError):
            if old.stat().st_mtime < oldest:
                old.unlink()
    path = folder / f"{uuid4().hex}.csv"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        kept.writelines(file.chunks())
    return Upload(path, file.name or "")


def upload_of(shop: Shop, token: str) -> Upload | None:
    """The file of a preview of this shop, unless the preview is too old; somebody may have stored it already."""
    try:
        of_shop, file, name = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return None
    return Upload(_folder() / file, name) if of_shop == shop.pk else None


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "imports"
