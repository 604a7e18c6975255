from django.db import migrations

AGREED = """
CREATE FUNCTION vision_customer_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who bigint := CASE TG_TABLE_NAME WHEN 'vision_person' THEN NEW.customer_id ELSE OLD.customer_id END;
BEGIN
    IF EXISTS (SELECT FROM vision_person WHERE customer_id = who)
        AND NOT EXISTS (SELECT FROM vision_consent WHERE customer_id = who AND withdrawn_at IS NULL) THEN
        RAISE EXCEPTION 'Customer % is tied to a face without having agreed to it.', who
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER person_customer_agreed AFTER INSERT OR UPDATE OF customer_id ON vision_person
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL)
    EXECUTE FUNCTION vision_customer_agreed();
CREATE CONSTRAINT TRIGGER consent_ends_with_ties AFTER UPDATE OR DELETE ON vision_consent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION vision_customer_agreed();
"""

UNDO = """
DROP TRIGGER person_customer_agreed ON vision_person;
DROP TRIGGER consent_ends_with_ties ON vision_consent;
DROP FUNCTION vision_customer_agreed;
"""


class Migration(migrations.Migration):

    dependencies = [("vision", "0011_untie_without_consent")]

    operations = [migrations.RunSQL(AGREED, UNDO)]
