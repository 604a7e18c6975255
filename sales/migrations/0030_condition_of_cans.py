"""Cans come back in conditions; what the shop charges for them, and deposits that are kept for it."""

import django.core.validators
import django.db.models.deletion
import watershop.constraints
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0009_merged_customers'),
        ('sales', '0029_what_happens_without_the_server'),
        ('watershop', '0004_pins_and_approvals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConditionCharge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('condition', models.CharField(choices=[('good', 'good'), ('leaking', 'leaking'), ('half_cap', 'half cap'), ('damaged', 'damaged'), ('refused', 'refused'), ('lost', 'lost')], max_length=8, verbose_name='condition')),
                ('amount', models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=8, validators=[django.core.validators.MinValueValidator(Decimal('0.00')), django.core.validators.MaxValueValidator(Decimal('10000.00'))], verbose_name='amount')),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='canmovement',
            name='canmovement_client_ref_once',
        ),
        migrations.RemoveConstraint(
            model_name='canmovement',
            name='canmovement_sign_follows_kind',
        ),
        migrations.RemoveConstraint(
            model_name='depositentry',
            name='depositentry_sign_follows_kind',
        ),
        migrations.RemoveConstraint(
            model_name='ledgerentry',
            name='ledgerentry_sign_follows_kind',
        ),
        migrations.AddField(
            model_name='canmovement',
            name='brought_by',
            field=models.CharField(blank=True, max_length=60, verbose_name='brought by'),
        ),
        migrations.AddField(
            model_name='canmovement',
            name='condition',
            field=models.CharField(choices=[('good', 'good'), ('leaking', 'leaking'), ('half_cap', 'half cap'), ('damaged', 'damaged'), ('refused', 'refused'), ('lost', 'lost')], default='good', max_length=8, verbose_name='condition'),
        ),
        migrations.AddField(
            model_name='canmovement',
            name='refused',
            field=models.PositiveIntegerField(default=0, verbose_name='cans not taken'),
        ),
        migrations.AlterField(
            model_name='canmovement',
            name='kind',
            field=models.CharField(choices=[('out', 'taken along'), ('return', 'brought back'), ('reversal', 'reversal'), ('transfer', 'transfer'), ('opening', 'opening count'), ('lost', 'lost'), ('refused', 'refused')], max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='depositentry',
            name='kind',
            field=models.CharField(choices=[('taken', 'deposit taken'), ('refunded', 'deposit given back'), ('kept', 'deposit kept'), ('reversal', 'reversal'), ('transfer', 'transfer')], max_length=10, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='ledgerentry',
            name='kind',
            field=models.CharField(choices=[('sale', 'sale'), ('payment', 'payment'), ('reversal', 'reversal'), ('opening', 'opening balance'), ('write_off', 'write-off'), ('transfer', 'transfer'), ('charge', 'charge for cans')], max_length=10, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='canmovement',
            constraint=models.UniqueConstraint(fields=('shop', 'client_ref', 'can_type', 'condition'), name='canmovement_client_ref_once'),
        ),
        migrations.AddConstraint(
            model_name='canmovement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'out'), ('quantity__gt', 0)), models.Q(('kind', 'return'), ('quantity__lt', 0)), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('quantity', 0), _negated=True), ('kind', 'transfer'), ('merge__isnull', False)), models.Q(models.Q(('quantity', 0), _negated=True), ('kind', 'opening')), models.Q(('condition', 'lost'), ('kind', 'lost'), ('quantity__lt', 0)), models.Q(('condition', 'refused'), ('kind', 'refused'), ('quantity', 0), ('refused__gt', 0)), _connector='OR'), name='canmovement_sign_follows_kind'),
        ),
        migrations.AddConstraint(
            model_name='depositentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('cans__gt', 0), ('kind', 'taken'), ('reverses', None), ('tender__isnull', False)), models.Q(('amount__lt', 0), ('cans__lte', 0), ('kind', 'refunded'), ('reverses', None), ('tender__isnull', False)), models.Q(('amount__lt', 0), ('cans__lte', 0), ('kind', 'kept'), ('reverses', None), ('tender', None)), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('amount', 0), _negated=True), ('kind', 'transfer'), ('merge__isnull', False), ('reverses', None), ('tender', None)), _connector='OR'), name='depositentry_sign_follows_kind'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('kind', 'sale'), ('reverses', None), ('sale__isnull', False)), models.Q(('amount__lt', 0), ('kind', 'payment'), ('payment__isnull', False), ('reverses', None)), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('amount', 0), _negated=True), ('kind', 'opening'), ('payment', None), ('reverses', None), ('sale', None)), models.Q(('amount__lt', 0), ('kind', 'write_off'), ('payment', None), ('reverses', None), ('sale', None)), models.Q(models.Q(('amount', 0), _negated=True), ('kind', 'transfer'), ('payment', None), ('reverses', None), ('sale', None)), models.Q(('amount__gt', 0), ('kind', 'charge'), ('payment', None), ('reverses', None), ('sale', None)), _connector='OR'), name='ledgerentry_sign_follows_kind'),
        ),
        migrations.AddField(
            model_name='conditioncharge',
            name='can_type',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='sales.cantype'),
        ),
        migrations.AddField(
            model_name='conditioncharge',
            name='shop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop'),
        ),
        migrations.AddConstraint(
            model_name='conditioncharge',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='conditioncharge_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='conditioncharge',
            constraint=models.UniqueConstraint(fields=('can_type', 'condition'), name='conditioncharge_once'),
        ),
        migrations.AddConstraint(
            model_name='conditioncharge',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0), ('condition__in', ('leaking', 'half_cap', 'damaged', 'lost'))), name='conditioncharge_known'),
        ),
        migrations.AddConstraint(
            model_name='conditioncharge',
            constraint=watershop.constraints.SameShop('can_type', name='conditioncharge_can_type_same_shop'),
        ),
    ]
