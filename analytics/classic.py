"""The tables that the shop's first scripts wrote, by the names of their files: their columns first, then ours.

A sale counts once, voided ones never; days and hours are the shop's own. `can_size` is litres added up, as it was in
those files. What came of visits is in `classic_visits`; which file means what stands in docs/numbers.md.
"""

from analytics.classic_visits import VISIT_TABLES
from analytics.tables import Query, text

SOLD = """WITH standing AS NOT MATERIALIZED (
    SELECT s.id, s.code, s.sold_at, s.stated_tender, s.customer_id, timezone(%(zone)s, s.sold_at) AS at
    FROM sales_sale s
    WHERE s.shop_id = %(shop)s AND s.sold_at >= %(start)s AND s.sold_at < %(end)s
      AND NOT EXISTS (SELECT FROM sales_salevoid v WHERE v.sale_id = s.id)
), worth AS (
    SELECT l.sale_id, sum(l.quantity) AS cans, sum(l.quantity * t.litres) AS litres, sum(l.amount) AS amount,
      min(l.id) AS first_line
    FROM standing JOIN sales_saleline l ON l.sale_id = standing.id JOIN sales_cantype t ON t.id = l.can_type_id
    GROUP BY l.sale_id
), settled AS (
    SELECT a.sale_id, sum(a.amount) AS paid
    FROM standing JOIN sales_allocation a ON a.sale_id = standing.id
    GROUP BY a.sale_id
), sold AS (
    SELECT standing.*, c.code AS customer, c.name, cans, litres, amount, first_line, coalesce(paid, 0) AS paid,
      amount - coalesce(paid, 0) AS due
    FROM standing JOIN worth ON worth.sale_id = standing.id
    LEFT JOIN settled ON settled.sale_id = standing.id
    LEFT JOIN customers_customer c ON c.id = standing.customer_id
)"""
"""`sold`: a row for each standing sale of the period, `at` the shop's clock. What a table does not use is not asked.

Looking the sales up again for each sum costs a fifth less than keeping them aside on the disk.
"""

CUSTOMER, NAME = text("sold.customer"), text("sold.name")
DAY, MONTH, HOUR = "at::date", "to_char(at, 'YYYY-MM')", "extract(hour FROM at)::int"
TENDER = "CASE {} WHEN 'cash' THEN 'Cash' WHEN 'upi' THEN 'UPI' ELSE 'Coin' END"
STATUS = "CASE WHEN due > 0 THEN 'Unpaid' ELSE 'Paid' END"
CANS = {"can_size": "trim_scale(sum(litres))", "number_of_cans": "sum(cans)"}
SUMS = {"sales": "count(*)", "cans": "sum(cans)", "litres": "trim_scale(sum(litres))"}
SETTLED = {"paid": "trim_scale(sum(paid))", "unpaid": "trim_scale(sum(due))"}
REVENUE = {"revenue": "trim_scale(sum(amount))"}
BY_CUSTOMER = (
    'FROM sold WHERE customer IS NOT NULL GROUP BY customer, sold.name {} ORDER BY customer COLLATE "C"'
)
TRANSACTION = {
    "transaction_id": text("sold.code"),
    "timestamp": "date_trunc('second', at)",
    "customer_id": CUSTOMER,
    "payment_mode": TENDER.format("stated_tender"),
    "can_size": "trim_scale(t.litres) || 'L'",
    "number_of_cans": "l.quantity",
    "amount": "trim_scale(l.amount)",
    "payment_status": STATUS,
    "paid_amount": "CASE WHEN l.id = first_line THEN trim_scale(paid) ELSE 0 END",
}
TRANSACTIONS = """FROM sold JOIN sales_saleline l ON l.sale_id = sold.id
JOIN sales_cantype t ON t.id = l.can_type_id {} ORDER BY sold_at, sold.id, l.id"""


def _sold(rows: str, **columns: str) -> Query:
    return Query(columns, rows, SOLD)


SALES_TABLES: dict[str, Query] = {
    "transactions": _sold(TRANSACTIONS.format(""), **TRANSACTION),
    "unpaid": _sold(
        TRANSACTIONS.format("WHERE due > 0"),
        **TRANSACTION,
        due="CASE WHEN l.id = first_line THEN trim_scale(due) ELSE 0 END",
        name=NAME,
    ),
    "payment_summary": _sold(
        "FROM sold GROUP BY stated_tender ORDER BY count(*) DESC, stated_tender",
        payment_mode=TENDER.format("stated_tender"),
        count="count(*)",
        **REVENUE,
    ),
    "paid_unpaid": _sold(
        "FROM sold GROUP BY 1 ORDER BY count(*) DESC, 1",
        payment_status=STATUS,
        count="count(*)",
        **REVENUE,
        **SETTLED,
    ),
    "total_spent": _sold(
        BY_CUSTOMER.format(""),
        customer_id=CUSTOMER,
        total_spent="trim_scale(sum(amount))",
        name=NAME,
        **SUMS,
        **SETTLED,
    ),
    "repeat_defaulters": _sold(
        BY_CUSTOMER.format("HAVING count(*) FILTER (WHERE due > 0) > 1"),
        customer_id=CUSTOMER,
        unpaid_count="count(*) FILTER (WHERE due > 0)",
        name=NAME,
        unpaid="trim_scale(sum(due))",
        oldest="min(at::date) FILTER (WHERE due > 0)",
    ),
    "cans_per_day": _sold("FROM sold GROUP BY 1 ORDER BY 1", date=DAY, **CANS),
    "cans_per_customer": _sold(BY_CUSTOMER.format(""), customer_id=CUSTOMER, **CANS, name=NAME),
    "daily_revenue": _sold("FROM sold GROUP BY 1 ORDER BY 1", date=DAY, **REVENUE, **SUMS, **SETTLED),
    "monthly_revenue": _sold("FROM sold GROUP BY 1 ORDER BY 1", month=MONTH, **REVENUE, **SUMS, **SETTLED),
    "traffic_per_hour": _sold(
        "FROM sold GROUP BY 1 ORDER BY 1",
        **{"Hour": HOUR, "Customer_Count": "count(*)"},
        cans="sum(cans)",
        **REVENUE,
    ),
    "first_last_customers": _sold(
        "FROM sold GROUP BY 1 ORDER BY 1",
        **{
            "Date": DAY,
            "First_Customer": f"(array_agg({CUSTOMER} ORDER BY sold_at, id))[1]",
            "First_Time": "date_trunc('second', min(at))",
            "Last_Customer": f"(array_agg({CUSTOMER} ORDER BY sold_at DESC, id DESC))[1]",
            "Last_Time": "date_trunc('second', max(at))",
        },
        sales="count(*)",
    ),
    "takings_by_tender": Query(
        {
            "payment_mode": TENDER.format("tender"),
            "amount": "trim_scale(sum(amount))",
            "received": "trim_scale(coalesce(sum(amount) FILTER (WHERE amount > 0), 0))",
            "given_back": "trim_scale(coalesce(-sum(amount) FILTER (WHERE amount < 0), 0))",
        },
        "FROM sales_payment WHERE shop_id = %(shop)s AND received_at >= %(start)s AND received_at < %(end)s "
        "GROUP BY tender ORDER BY sum(amount) DESC, tender",
    ),
}
TABLES: dict[str, Query] = SALES_TABLES | VISIT_TABLES
"""By the name of the file, without .csv."""
