from django.db import migrations

# The counter of sale codes is sent past those that imports brought along; until now each sale looked for itself.
STEP_OVER = """
    INSERT INTO watershop_counter (shop_id, series, value)
    SELECT shop_id, 'sale', max(substr(code, 2)::bigint) FROM sales_sale
    WHERE code ~ '^S[0-9]{6,15}$' GROUP BY shop_id
    ON CONFLICT (shop_id, series) DO UPDATE SET value = greatest(watershop_counter.value, EXCLUDED.value)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0025_a_size_has_no_price_of_its_own'),
        ('watershop', '0002_say_names'),
    ]

    operations = [migrations.RunSQL(STEP_OVER, migrations.RunSQL.noop)]
