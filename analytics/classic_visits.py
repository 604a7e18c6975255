"""The classic tables that come of visits: who came when, how often, and whom the cameras took for whom.

`customer_id` is the code of the account where a face has one, else of the face (P_0001). Staff and posters are left
out; visits of nobody known count among the visits and stand in no list of customers.
"""

from analytics.tables import Query, text
from vision.gallery import LIKENESS

CAME = f"""WITH came AS (
    SELECT v.*, timezone(%(zone)s, v.entry_at) AS at, timezone(%(zone)s, v.exit_at) AS gone_at,
      coalesce(c.id, -p.id) AS who, coalesce(c.code, p.code) AS customer, coalesce(c.name, nullif(p.name, '')) AS name,
      p.code AS face, camera.name AS camera
    FROM vision_visit v
    JOIN vision_recording r ON r.id = v.recording_id
    JOIN vision_camera camera ON camera.id = r.camera_id
    LEFT JOIN vision_person p ON p.id = v.person_id
    LEFT JOIN customers_customer c ON c.id = p.customer_id
    WHERE v.shop_id = %(shop)s AND v.entry_at >= %(start)s AND v.entry_at < %(end)s
      AND NOT coalesce(p.is_shop_staff OR p.is_ignored, false)
), visitors AS (
    SELECT who, max(customer) AS customer, max(name) AS name, min(face) AS face, count(*) AS visits,
      count(DISTINCT at::date) AS days, min(at) AS first_at, max(at) AS last_at, max(gone_at) AS gone_at,
      sum(shots) AS shots
    FROM came WHERE who IS NOT NULL GROUP BY who
), known AS (
    SELECT coalesce(p.customer_id, -p.id) AS who, timezone(%(zone)s, min(v.entry_at)) AS since
    FROM vision_visit v JOIN vision_person p ON p.id = v.person_id
    WHERE v.shop_id = %(shop)s AND v.entry_at < %(end)s
    GROUP BY 1
), faces AS (
    SELECT k.*, r.camera_id, r.started_at + k.started_s * interval '1 second' AS seen_at
    FROM vision_tracklet k JOIN vision_recording r ON r.id = k.recording_id
    WHERE k.shop_id = %(shop)s AND r.started_at < %(end)s
), recognised AS (
    SELECT f.id, f.seen_at, f.camera_id, f.number, p.code AS face, coalesce(c.code, p.code) AS customer, l.similarity,
      l.distance, 'face_' || lpad(to_char(f.started_s, 'FM999990.00'), 9, '0') || '_t' || lpad(f.number::text, 4, '0')
      || '.jpg' AS image_name
    FROM faces f JOIN vision_person p ON p.id = f.person_id AND NOT p.is_ignored
    LEFT JOIN customers_customer c ON c.id = p.customer_id
    LEFT JOIN ({LIKENESS}) l ON l.tracklet_id = f.id
    WHERE f.seen_at >= %(start)s AND f.seen_at < %(end)s
    UNION ALL
    SELECT o.id, r.started_at, r.camera_id, NULL, NULL, o.customer_code, o.similarity, NULL, o.image_name
    FROM vision_oldrecognition o JOIN vision_recording r ON r.id = o.recording_id
    WHERE o.shop_id = %(shop)s AND r.started_at >= %(start)s AND r.started_at < %(end)s
)"""  # noqa: S608 all of it is ours
"""`came`: the visits of the period; `visitors`: who is known of them; `known`: since when each was ever seen.

`recognised`: each face that was taken for somebody, and what the first scripts said, on the day of their file.
"""

CUSTOMER, NAME = text("customer"), text("name")
SECOND = "date_trunc('second', {})"
ON_CLOCK = "date_trunc('second', timezone(%(zone)s, {}))"
SPAN = {"first_visit": SECOND.format("first_at"), "last_visit": SECOND.format("last_at")}
MOST_FIRST = 'ORDER BY visits DESC, customer COLLATE "C"'
SINCE = (
    "FROM visitors JOIN known USING (who) WHERE last_at::date {} since::date ORDER BY visitors.first_at, who"
)
BY_TIME = "FROM came GROUP BY 1 ORDER BY 1"
VISIT_COUNT = {"visit_count": "count(*)"}
PERSONS = {"persons": "count(DISTINCT who)", "anonymous": "count(*) FILTER (WHERE who IS NULL)"}


def _came(rows: str, **columns: str) -> Query:
    return Query(columns, rows, CAME)


def _per_visitor(count: str, rows: str) -> Query:
    """How often each came, under the column's name that this file has."""
    return _came(rows, **{"customer_id": CUSTOMER, count: "visits"}, name=NAME, days="days", **SPAN)


VISIT_TABLES: dict[str, Query] = {
    "daily_visits": _came(BY_TIME, date="at::date", **VISIT_COUNT, **PERSONS),
    "monthly_visits": _came(BY_TIME, month="to_char(at, 'YYYY-MM')", **VISIT_COUNT, **PERSONS),
    "quarterly_visits": _came(BY_TIME, quarter="""to_char(at, 'YYYY"Q"Q')""", **VISIT_COUNT, **PERSONS),
    "visits_per_hour": _came(BY_TIME, hour="extract(hour FROM at)::int", **VISIT_COUNT, **PERSONS),
    "repeat_visits": _per_visitor("repeat_count", f"FROM visitors WHERE visits > 1 {MOST_FIRST}"),
    "repeat_visitors": _per_visitor("count", f"FROM visitors WHERE visits > 1 {MOST_FIRST}"),
    "visit_counts": _per_visitor("count", f"FROM visitors {MOST_FIRST}"),
    "customer_visit_counts": _per_visitor("visit_count", f"FROM visitors {MOST_FIRST}"),
    "new_customers": _per_visitor("visit_count", SINCE.format("=")),
    "returning_customers": _per_visitor("visit_count", SINCE.format(">")),
    "unique_customers": _came(
        'FROM visitors ORDER BY customer COLLATE "C"',
        customer_id=CUSTOMER,
        person="face",
        first_seen=SECOND.format("first_at"),
        last_seen=SECOND.format("gone_at"),
        shots="shots",
        name=NAME,
    ),
    "visit_log": _came(
        "FROM came ORDER BY entry_at, id",
        track_id="id",
        entry_time=SECOND.format("at"),
        exit_time=SECOND.format("gone_at"),
        duration_seconds="round(extract(epoch FROM exit_at - entry_at), 2)",
        visit_id="id",
        person="face",
        customer_id=CUSTOMER,
        camera=text("camera"),
        kind="kind",
        counter_from=ON_CLOCK.format("counter_from_at"),
        counter_until=ON_CLOCK.format("counter_until_at"),
        shots="shots",
        distance="round(distance::numeric, 4)",
    ),
    "recognition_results": _came(
        "FROM recognised JOIN vision_camera camera ON camera.id = camera_id ORDER BY recognised.seen_at, recognised.id",
        image_name=text("image_name"),
        customer_id=CUSTOMER,
        similarity="round(similarity::numeric, 4)",
        person="face",
        distance="round(distance::numeric, 4)",
        time=ON_CLOCK.format("recognised.seen_at"),
        camera=text("camera.name"),
        track="number",
    ),
}
