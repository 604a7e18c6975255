"""A table that marks its days (constraints.MarksDay) does so in the transaction of the change."""

import django.db.models.deletion
from django.db import migrations, models


MARK_DAYS = """
CREATE FUNCTION watershop_mark_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO watershop_dirtyday (shop_id, day, xact) '
        'SELECT DISTINCT m.shop_id, (m.at AT TIME ZONE s.zone)::date, pg_current_xact_id()::text::bigint '
        'FROM (%s) AS m (shop_id, at) JOIN watershop_shop s ON s.id = m.shop_id '
        'ON CONFLICT DO NOTHING', TG_ARGV[0]);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('watershop', '0006_one_column_may_be_emptied'),
    ]

    operations = [
        migrations.CreateModel(
            name='DirtyDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('xact', models.BigIntegerField(help_text="the transaction's number")),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('shop', 'id'), name='dirtyday_shop_id'), models.UniqueConstraint(fields=('shop', 'day', 'xact'), name='dirtyday_once_per_transaction')],
            },
        ),
        migrations.RunSQL(MARK_DAYS, "DROP FUNCTION watershop_mark_days()"),
    ]
