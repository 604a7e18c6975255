from django.db import migrations

ONLY_EMPTIES = """
CREATE FUNCTION watershop_only_empties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV[0] = to_jsonb(OLD) - TG_ARGV[0] AND to_jsonb(NEW) -> TG_ARGV[0] = '{}' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% rows are written once: only % may become {}. Undo a deed by a further row.',
        TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [("watershop", "0005_name_the_columns_of_messages")]

    operations = [migrations.RunSQL(ONLY_EMPTIES, "DROP FUNCTION watershop_only_empties()")]
