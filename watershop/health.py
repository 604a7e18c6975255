"""Whether this server can serve: one line for a supervisor or a load balancer."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from watershop.postgresql.programs import EmbeddedServerError


def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, EmbeddedServerError):
        return HttpResponse("database down\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
