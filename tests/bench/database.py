"""The database of the bench: filled once, kept beside the shop's."""

import os

import psycopg2
from psycopg2 import sql

IN_A_COPY = 1000  # sales of the small shop; the big one has many copies of it


def prepare(*, sales: int) -> None:
    """Make and fill it, unless it is there, and have Django use it."""
    _use(f"watershop_bench_{sales}")
    import django

    django.setup()
    from django.core.management import call_command

    from tests.bench.fill import fill

    call_command("migrate", verbosity=0)
    fill(small=IN_A_COPY, copies=sales // IN_A_COPY)


def _use(name: str) -> None:
    """Make this process's settings, and those of the web servers that it starts, mean the database of that name."""
    from watershop import database

    where = database.database_settings()
    if database.is_embedded():
        database.ensure_running()
    link = psycopg2.connect(
        host=where["HOST"],
        port=where["PORT"] or None,
        user=where["USER"],
        password=where["PASSWORD"],
        dbname=where["NAME"],
    )
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    link.close()
    os.environ |= {"WATERSHOP_BENCH_DATABASE": name, "DJANGO_SETTINGS_MODULE": "tests.bench.settings"}
