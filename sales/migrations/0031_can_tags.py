"""Cans that have a tag, and where it was read."""

import django.db.models.deletion
import django.utils.timezone
import watershop.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0009_merged_customers'),
        ('sales', '0030_condition_of_cans'),
        ('watershop', '0004_pins_and_approvals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CanTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=80, verbose_name='tag')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('retired_at', models.DateTimeField(null=True, verbose_name='retired')),
            ],
        ),
        migrations.CreateModel(
            name='TagRead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gate', models.CharField(choices=[('out', 'out with a customer'), ('returned', 'brought back'), ('refilled', 'refilled')], max_length=8, verbose_name='gate')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded')),
            ],
            options={
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='stockmove',
            name='stockmove_sign_follows_kind',
        ),
        migrations.AlterField(
            model_name='stockmove',
            name='kind',
            field=models.CharField(choices=[('sale', 'sold'), ('lent', 'taken along'), ('return', 'brought back'), ('delivery', 'delivered full'), ('sent', 'sent to be filled'), ('count', 'counted'), ('reversal', 'reversal')], max_length=10, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='stockmove',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'sale'), ('quantity__lt', 0), ('sale__isnull', False), ('state', 'full')), models.Q(('kind', 'lent'), ('movement__isnull', False), ('quantity__lt', 0), ('state', 'full')), models.Q(('kind', 'return'), ('quantity__gt', 0), ('state__in', ['empty', 'broken'])), models.Q(('kind', 'delivery'), ('quantity__gt', 0), ('state', 'full')), models.Q(('kind', 'sent'), ('quantity__lt', 0), ('state', 'empty')), models.Q(('counted__isnull', False), ('kind', 'count')), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), _connector='OR'), name='stockmove_sign_follows_kind'),
        ),
        migrations.AddField(
            model_name='cantag',
            name='can_type',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.cantype'),
        ),
        migrations.AddField(
            model_name='cantag',
            name='shop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop'),
        ),
        migrations.AddField(
            model_name='tagread',
            name='clerk',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='tagread',
            name='customer',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='tagread',
            name='shop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop'),
        ),
        migrations.AddField(
            model_name='tagread',
            name='tag',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='reads', to='sales.cantag'),
        ),
        migrations.AddConstraint(
            model_name='cantag',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='cantag_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='cantag',
            constraint=models.UniqueConstraint(fields=('shop', 'code'), name='cantag_code_once_per_shop'),
        ),
        migrations.AddConstraint(
            model_name='cantag',
            constraint=watershop.constraints.SameShop('can_type', name='cantag_can_type_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='tagread_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=models.UniqueConstraint(fields=('tag', 'gate', 'at'), name='tagread_once'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=models.CheckConstraint(condition=models.Q(('customer', None), ('gate', 'out'), _connector='OR'), name='tagread_buyer_goes_out'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=watershop.constraints.SameShop('tag', name='tagread_tag_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=watershop.constraints.SameShop('customer', name='tagread_customer_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='tagread',
            constraint=watershop.constraints.AppendOnly(name='tagread_append_only'),
        ),
    ]
