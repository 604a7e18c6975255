"""How a face or a recording leaves the shop's storage for a browser: kept by no cache, its type never guessed.

And where the browser goes after a deed.
"""

import re
from collections.abc import Iterator
from typing import TypeVar

from django.db.models.fields.files import FieldFile
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

Answer = TypeVar("Answer", bound=HttpResponseBase)
BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def private(response: Answer) -> Answer:
    """The answer, for this browser and this moment alone."""
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def private_file(file: FieldFile, content_type: str) -> FileResponse:
    """The whole file; 404 where there is none, or it is gone."""
    return private(FileResponse(file.storage.open(_name(file)), content_type=content_type))


def private_part(file: FieldFile, content_type: str, wanted: str) -> HttpResponseBase:
    """The bytes of a file that the header `Range` wants (206), or all of it; 416 where it ends before them."""
    size = file.storage.size(_name(file))
    part = _part(wanted, size)
    start, end = part or (0, size)
    if part and start >= size:
        return private(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}))
    response = StreamingHttpResponse(
        _bytes(file, start, end), status=206 if part else 200, content_type=content_type
    )
    response["Accept-Ranges"], response["Content-Length"] = "bytes", end - start
    if part:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return private(response)


def _name(file: FieldFile) -> str:
    if not file or not file.storage.exists(str(file.name)):
        raise Http404(_("This file is gone."))
    return str(file.name)


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None where the header wants no single range of bytes."""
    match = _RANGE.fullmatch(wanted.strip())
    first, last = match.groups() if match else ("", "")
    if not first:
        return (max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


def _bytes(file: FieldFile, start: int, end: int) -> Iterator[bytes]:
    with file.storage.open(_name(file)) as source:
        source.seek(start)
        while start < end and (block := source.read(min(BLOCK, end - start))):
            start += len(block)
            yield block


def back_to(request: HttpRequest) -> str:
    """The page that asked (`next`), if it is one of ours; else empty."""
    asked = request.POST.get("next", "")
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()) else ""
