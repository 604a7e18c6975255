"""What was counted of a day is counted anew when one of these rows comes, in whichever transaction that is."""

import watershop.constraints
from django.conf import settings
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0009_merged_customers'),
        ('sales', '0037_sales_by_entry'),
        ('watershop', '0007_days_to_count_anew'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='allocation',
            constraint=watershop.constraints.MarksDay('sale__sold_at', name='allocation_marks_day', on=('INSERT',)),
        ),
        migrations.AddConstraint(
            model_name='canmovement',
            constraint=watershop.constraints.MarksDay('at', name='canmovement_marks_day', on=('INSERT',)),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=watershop.constraints.MarksDay('received_at', name='payment_marks_day', on=('INSERT',)),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=watershop.constraints.MarksDay('sold_at', name='sale_marks_day', on=('INSERT',)),
        ),
        migrations.AddConstraint(
            model_name='salevoid',
            constraint=watershop.constraints.MarksDay('sale__sold_at', name='salevoid_marks_day', on=('INSERT',)),
        ),
    ]
