"""Search answers from indexes, however long the book is: any part of a name or code, and a phone's last digits.

`customers_grams` gives the pairs and triples of letters in its texts: what holds a part holds the part's grams. It
stands in for pg_trgm, which the embedded server does not have and which knows no pairs.
"""

from typing import ClassVar

from django.db import migrations

GRAMS = """
CREATE FUNCTION customers_grams(VARIADIC parts text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(part, at, size)), '{}')
    FROM (SELECT upper(unnest(parts)) AS part) AS texts, generate_series(2, 3) AS size,
         generate_series(1, length(part) - size + 1) AS at
$$
"""
INDEXES = """
CREATE INDEX customer_by_part ON customers_customer USING gin (customers_grams(name::text, code::text));
CREATE INDEX customer_by_first_letters ON customers_customer (shop_id, upper(name::text) text_pattern_ops);
CREATE INDEX customer_by_last_digits ON customers_customer (shop_id, reverse(phone::text) text_pattern_ops);
"""
NO_INDEXES = "DROP INDEX customer_by_part, customer_by_first_letters, customer_by_last_digits"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0006_keeps_cans_free")]

    operations: ClassVar = [
        migrations.RunSQL(GRAMS, "DROP FUNCTION customers_grams"),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
