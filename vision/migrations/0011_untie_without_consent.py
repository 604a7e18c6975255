from django.db import migrations

# Who was tied to a customer before consents were recorded is a face without a name again, with the days of those.
UNTIE = """
UPDATE vision_person AS person SET customer_id = NULL WHERE customer_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM vision_consent WHERE customer_id = person.customer_id AND withdrawn_at IS NULL)
"""


class Migration(migrations.Migration):

    dependencies = [("vision", "0010_till_and_camera")]

    operations = [migrations.RunSQL(UNTIE, migrations.RunSQL.noop)]
