"""How days are counted from the rows of `sales` and `vision`, set by set: the statements of `rollup.py`.

Each day is cut by the two midnights that the caller names, so that an index finds its rows whatever the clock did in
between; only the half-hour of a row is read off the shop's clock. `OFFSET 0` has the sales of each day and
their rows looked up by an index: PostgreSQL thinks that a few days are most of the past, and would read all of it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from watershop.dates import Period
from watershop.models import Shop

_FORGET = """
WITH slots AS (DELETE FROM analytics_slottotals WHERE shop_id = %(shop)s AND day = ANY(%(days)s::date[])),
sizes AS (DELETE FROM analytics_sizetotals WHERE shop_id = %(shop)s AND day = ANY(%(days)s::date[])),
buyers AS (DELETE FROM analytics_customerday WHERE shop_id = %(shop)s AND day = ANY(%(days)s::date[])),
visitors AS (DELETE FROM analytics_visitorday WHERE shop_id = %(shop)s AND day = ANY(%(days)s::date[]))
DELETE FROM analytics_dailytotals WHERE shop_id = %(shop)s AND day = ANY(%(days)s::date[]);
"""
_COUNT = """
WITH days AS MATERIALIZED (
    SELECT * FROM unnest(%(days)s::date[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS d (day, starts, ends)
),
standing AS MATERIALIZED (
    SELECT day, sale.id AS sale, sold_at, stated_tender, customer_id
    FROM days CROSS JOIN LATERAL (
        SELECT * FROM sales_sale WHERE shop_id = %(shop)s AND sold_at >= starts AND sold_at < ends OFFSET 0
    ) AS sale
    WHERE NOT EXISTS (SELECT FROM sales_salevoid gone WHERE gone.sale_id = sale.id OFFSET 0)
),
lines AS MATERIALIZED (
    SELECT day, sale, sold_at, stated_tender, customer_id, can_type_id, quantity, amount
    FROM standing CROSS JOIN LATERAL (
        SELECT can_type_id, quantity, amount FROM sales_saleline line WHERE line.sale_id = sale OFFSET 0
    ) AS line
),
sold AS MATERIALIZED (
    SELECT day, sale, sold_at, stated_tender, customer_id, sum(quantity) AS cans, sum(amount) AS worth,
        coalesce((SELECT sum(part.amount) FROM sales_allocation part WHERE part.sale_id = sale), 0) AS paid
    FROM lines GROUP BY day, sale, sold_at, stated_tender, customer_id
),
came AS MATERIALIZED (
    SELECT day, entry_at, exit_at, person_id IS NULL AS is_unknown,
        coalesce(person.customer_id, -person.id) AS who,
        coalesce(is_shop_staff, false) AS is_staff,
        NOT coalesce(is_shop_staff, false) AND NOT coalesce(is_ignored, false) AS counts
    FROM days
    JOIN vision_visit visit ON visit.shop_id = %(shop)s AND entry_at >= starts AND entry_at < ends
    LEFT JOIN vision_person person ON person.id = visit.person_id
),
slots AS (
    INSERT INTO analytics_slottotals (shop_id, day, slot, sales, cans, revenue, visits)
    SELECT %(shop)s, day, floor(extract(epoch FROM (at AT TIME ZONE %(zone)s)::time) / 1800) AS slot,
        count(sale), coalesce(sum(cans), 0), coalesce(sum(worth), 0), count(*) - count(sale)
    FROM (
        SELECT day, sold_at AS at, sale, cans, worth FROM sold
        UNION ALL
        SELECT day, entry_at, NULL, NULL, NULL FROM came WHERE counts
    ) AS happened GROUP BY day, slot
),
sizes AS (
    INSERT INTO analytics_sizetotals (shop_id, day, can_type_id, cans, revenue)
    SELECT %(shop)s, day, can_type_id, sum(quantity), sum(amount) FROM lines GROUP BY day, can_type_id
),
buyers AS (
    INSERT INTO analytics_customerday (shop_id, day, customer, sales, cans, revenue)
    SELECT %(shop)s, day, customer_id, count(*), sum(cans), sum(worth)
    FROM sold WHERE customer_id IS NOT NULL GROUP BY day, customer_id
),
visitors AS (
    INSERT INTO analytics_visitorday (shop_id, day, who, visits)
    SELECT %(shop)s, day, who, count(*) FROM came WHERE counts AND who IS NOT NULL GROUP BY day, who
),
of_sales AS (
    SELECT day, count(*) AS sales, sum(cans) AS cans, sum(worth) AS revenue, sum(paid) AS paid,
        count(*) FILTER (WHERE worth > paid) AS unpaid_sales,
        count(*) FILTER (WHERE stated_tender = 'cash') AS stated_cash,
        count(*) FILTER (WHERE stated_tender = 'upi') AS stated_upi,
        count(*) FILTER (WHERE stated_tender = 'coin') AS stated_coin,
        min(sold_at) AS first_sale_at, max(sold_at) AS last_sale_at
    FROM sold GROUP BY day
),
of_payments AS (
    SELECT day, sum(amount) FILTER (WHERE tender = 'cash') AS taken_cash,
        sum(amount) FILTER (WHERE tender = 'upi') AS taken_upi,
        sum(amount) FILTER (WHERE tender = 'coin') AS taken_coin
    FROM days
    JOIN sales_payment payment
        ON payment.shop_id = %(shop)s AND received_at >= starts AND received_at < ends
    GROUP BY day
),
of_cans AS (
    SELECT day, sum(quantity) AS cans_moved
    FROM days JOIN sales_canmovement moved ON moved.shop_id = %(shop)s AND at >= starts AND at < ends
    GROUP BY day
),
of_visits AS (
    SELECT day, count(*) FILTER (WHERE counts) AS visits, count(*) FILTER (WHERE is_unknown) AS anonymous,
        count(DISTINCT who) FILTER (WHERE counts) AS persons,
        min(entry_at) FILTER (WHERE counts) AS first_visit_at,
        max(exit_at) FILTER (WHERE counts) AS last_visit_at,
        min(entry_at) FILTER (WHERE is_staff) AS first_staff_at,
        max(exit_at) FILTER (WHERE is_staff) AS last_staff_at
    FROM came GROUP BY day
)
INSERT INTO analytics_dailytotals (shop_id, day, sales, cans, revenue, paid, unpaid_sales, stated_cash, stated_upi,
    stated_coin, taken_cash, taken_upi, taken_coin, cans_moved, visits, anonymous, persons, first_sale_at,
    last_sale_at, first_visit_at, last_visit_at, first_staff_at, last_staff_at)
SELECT %(shop)s, day, coalesce(sales, 0), coalesce(cans, 0), coalesce(revenue, 0), coalesce(paid, 0),
    coalesce(unpaid_sales, 0), coalesce(stated_cash, 0), coalesce(stated_upi, 0), coalesce(stated_coin, 0),
    coalesce(taken_cash, 0), coalesce(taken_upi, 0), coalesce(taken_coin, 0), coalesce(cans_moved, 0),
    coalesce(visits, 0), coalesce(anonymous, 0), coalesce(persons, 0), first_sale_at, last_sale_at,
    first_visit_at, last_visit_at, first_staff_at, last_staff_at
FROM days LEFT JOIN of_sales USING (day) LEFT JOIN of_payments USING (day) LEFT JOIN of_cans USING (day)
LEFT JOIN of_visits USING (day)
"""
_TAKE_MARKS = """
UPDATE analytics_rollup SET counted_at = now() WHERE shop_id = %(shop)s;
DELETE FROM watershop_dirtyday
WHERE shop_id = %(shop)s AND day >= %(month)s::date AND day < %(month)s::date + interval '1 month' RETURNING day
"""
_MARK_ALL = """
DELETE FROM analytics_dailytotals WHERE shop_id = %(shop)s;
DELETE FROM analytics_slottotals WHERE shop_id = %(shop)s;
DELETE FROM analytics_sizetotals WHERE shop_id = %(shop)s;
DELETE FROM analytics_customerday WHERE shop_id = %(shop)s;
DELETE FROM analytics_visitorday WHERE shop_id = %(shop)s;
DELETE FROM watershop_dirtyday WHERE shop_id = %(shop)s;
INSERT INTO watershop_dirtyday (shop_id, day, xact)
SELECT DISTINCT %(shop)s, (at AT TIME ZONE %(zone)s)::date, pg_current_xact_id()::text::bigint FROM (
    SELECT sold_at AS at FROM sales_sale WHERE shop_id = %(shop)s
    UNION ALL SELECT received_at FROM sales_payment WHERE shop_id = %(shop)s
    UNION ALL SELECT at FROM sales_canmovement WHERE shop_id = %(shop)s
    UNION ALL SELECT entry_at FROM vision_visit WHERE shop_id = %(shop)s
) AS happened
"""
_NEWLY_FILLED = """
SELECT string_agg(relid::regclass::text, ', ') FROM pg_stat_user_tables
WHERE relname = ANY(%(read)s) AND n_mod_since_analyze > n_live_tup / 2
"""
_READ = [
    *(
        "sales_sale",
        "sales_saleline",
        "sales_salevoid",
        "sales_allocation",
        "sales_payment",
        "sales_canmovement",
    ),
    *("vision_visit", "vision_person"),
]


def look_over() -> None:
    """Have PostgreSQL look over the tables of which half is new to it: until then it plans as if they were empty.

    It does so by itself, but only a while after an import or a restored backup.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEWLY_FILLED, {"read": _READ})
        if tables := cursor.fetchone()[0]:
            cursor.execute(f"ANALYZE {tables}")


def take_marks(shop: Shop, month: date) -> list[date]:
    """The days of the month (its first day) that wait, marked no more. Holds the shop's roll-up from now on.

    What the second statement sees is committed, and is seen by every later one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_MARKS, {"shop": shop.pk, "month": month})
        return sorted({day for (day,) in cursor.fetchall()})


def mark_all(shop: Shop) -> None:
    """Nothing is counted, and every day on which anything ever happened waits."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_ALL, {"shop": shop.pk, "zone": shop.zone})


def count(shop: Shop, days: Sequence[date]) -> None:
    """Put what happened on these days into the place of what was counted of them."""
    cuts = [Period(day, day, shop.tz) for day in days]
    values: dict[str, Any] = {
        "shop": shop.pk,
        "zone": shop.zone,
        "days": list(days),
        "starts": [cut.start for cut in cuts],
        "ends": [cut.end for cut in cuts],
    }
    with connection.cursor() as cursor:
        cursor.execute(_FORGET + _COUNT, values)
