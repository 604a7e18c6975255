from decimal import Decimal

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('sales', '0024_prices_move_to_their_list')]

    operations = [
        migrations.RemoveConstraint(
            model_name='cantype',
            name='cantype_amounts_not_negative',
        ),
        # Backwards, there is a column to fill before it is filled.
        migrations.AlterField(
            model_name='cantype',
            name='price',
            field=models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=8),
        ),
        migrations.RemoveField(
            model_name='cantype',
            name='price',
        ),
        migrations.AddConstraint(
            model_name='cantype',
            constraint=models.CheckConstraint(condition=models.Q(('deposit__gte', 0), ('litres__gt', 0)), name='cantype_amounts_not_negative'),
        ),
    ]
