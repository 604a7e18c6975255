"""Days are counted anew when a visit changes, and when somebody turns out to be staff, a poster or another account."""

import watershop.constraints
from django.db import migrations


PERSON_MARKS_DAYS = """
CREATE FUNCTION vision_person_marks_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO watershop_dirtyday (shop_id, day, xact)
    SELECT DISTINCT v.shop_id, (v.entry_at AT TIME ZONE s.zone)::date, pg_current_xact_id()::text::bigint
    FROM now_so n
    JOIN before b ON b.id = n.id
        AND (b.is_shop_staff, b.is_ignored, b.customer_id) IS DISTINCT FROM (n.is_shop_staff, n.is_ignored, n.customer_id)
    JOIN vision_visit v ON v.shop_id = n.shop_id AND v.person_id = n.id
    JOIN watershop_shop s ON s.id = v.shop_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER person_marks_days AFTER UPDATE ON vision_person
REFERENCING OLD TABLE AS before NEW TABLE AS now_so
FOR EACH STATEMENT EXECUTE FUNCTION vision_person_marks_days();
"""
NO_MORE = "DROP TRIGGER person_marks_days ON vision_person; DROP FUNCTION vision_person_marks_days()"


class Migration(migrations.Migration):

    dependencies = [
        ('vision', '0017_faces_with_a_picture'),
        ('watershop', '0007_days_to_count_anew'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='visit',
            constraint=watershop.constraints.MarksDay('entry_at', name='visit_marks_day', on=('INSERT', 'UPDATE', 'DELETE')),
        ),
        migrations.RunSQL(PERSON_MARKS_DAYS, NO_MORE),
    ]
