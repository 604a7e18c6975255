"""How a face or a recording leaves the shop's storage for a browser: kept by no cache, its type never guessed."""

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404
from django.utils.translation import gettext as _


def private_file(file: FieldFile, content_type: str) -> FileResponse:
    """The whole file; 404 where there is none, or it is gone."""
    try:
        if not file:
            raise FileNotFoundError
        response = FileResponse(file.open(), content_type=content_type)
    except FileNotFoundError as error:
        raise Http404(_("This picture is gone.")) from error
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
