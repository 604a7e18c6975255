"""Deposits for cans. The database lets nobody get back more than they left, and closed drawers stay closed."""

import django.db.models.deletion
import django.utils.timezone
import watershop.constraints
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

DEPOSITS_AGREE = """
CREATE FUNCTION sales_deposit_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cans_held bigint; held numeric;
BEGIN
    IF NEW.customer_id IS NULL THEN
        SELECT sum(cans), sum(amount) INTO cans_held, held FROM sales_depositentry
            WHERE customer_id IS NULL AND sale_id = NEW.sale_id AND can_type_id = NEW.can_type_id;
    ELSE
        SELECT sum(cans), sum(amount) INTO cans_held, held FROM sales_depositentry
            WHERE shop_id = NEW.shop_id AND customer_id = NEW.customer_id AND can_type_id = NEW.can_type_id;
    END IF;
    IF cans_held < 0 OR held < 0 THEN
        RAISE EXCEPTION 'deposit % would leave % for % cans', NEW.id, held, cans_held
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sales_depositentry undone WHERE undone.id = NEW.reverses_id AND undone.kind <> 'reversal'
            AND undone.can_type_id = NEW.can_type_id AND undone.sale_id IS NOT DISTINCT FROM NEW.sale_id
            AND undone.customer_id IS NOT DISTINCT FROM NEW.customer_id
            AND -NEW.amount BETWEEN least(undone.amount, 0) AND greatest(undone.amount, 0)
    ) THEN
        RAISE EXCEPTION 'deposit % reverses more than there was', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.sale_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sales_sale WHERE id = NEW.sale_id AND customer_id IS NOT DISTINCT FROM NEW.customer_id
    ) THEN
        RAISE EXCEPTION 'deposit % is not of the buyer of its sale', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER deposit_agrees AFTER INSERT ON sales_depositentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_deposit_agrees();
CREATE TRIGGER deposit_needs_open_drawer BEFORE INSERT ON sales_depositentry
    FOR EACH ROW WHEN (NEW.drawer_session_id IS NOT NULL) EXECUTE FUNCTION sales_needs_open_drawer();
"""

UNDO = """
DROP TRIGGER deposit_agrees ON sales_depositentry;
DROP TRIGGER deposit_needs_open_drawer ON sales_depositentry;
DROP FUNCTION sales_deposit_agrees;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0006_keeps_cans_free'),
        ('sales', '0013_promises_and_reminders'),
        ('watershop', '0002_say_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='upiclaim',
            name='deposit',
            field=models.DecimalField(decimal_places=2, default=Decimal('0.00'), max_digits=10, verbose_name='deposit'),
        ),
        migrations.CreateModel(
            name='DepositEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('taken', 'deposit taken'), ('refunded', 'deposit given back'), ('reversal', 'reversal')], max_length=10, verbose_name='kind')),
                ('cans', models.IntegerField(verbose_name='cans')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='amount')),
                ('tender', models.CharField(choices=[('cash', 'Cash'), ('upi', 'UPI'), ('coin', 'Coins')], max_length=5, null=True, verbose_name='tender')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded')),
                ('client_ref', models.CharField(max_length=255, null=True)),
                ('can_type', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.cantype')),
                ('clerk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='clerk')),
                ('customer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to='customers.customer')),
                ('drawer_session', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to='sales.drawersession')),
                ('reverses', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='sales.depositentry', verbose_name='reverses')),
                ('sale', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to='sales.sale')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
            ],
            options={
                'verbose_name': 'deposit',
                'verbose_name_plural': 'deposits',
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['shop', 'customer', 'can_type'], name='depositentry_by_customer'), models.Index(fields=['shop', 'at'], name='depositentry_by_time')],
                'constraints': [models.UniqueConstraint(fields=('shop', 'id'), name='depositentry_shop_id'), models.UniqueConstraint(fields=('shop', 'client_ref', 'can_type', 'kind'), name='depositentry_client_ref_once'), models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('cans__gt', 0), ('kind', 'taken'), ('reverses', None), ('tender__isnull', False)), models.Q(('amount__lt', 0), ('cans__lte', 0), ('kind', 'refunded'), ('reverses', None), ('tender__isnull', False)), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), _connector='OR'), name='depositentry_sign_follows_kind'), models.CheckConstraint(condition=models.Q(('customer__isnull', False), ('sale__isnull', False), _connector='OR'), name='depositentry_of_somebody'), models.CheckConstraint(condition=models.Q(('tender', None), ('tender__in', ['cash', 'upi', 'coin']), _connector='OR'), name='depositentry_tender_known'), models.CheckConstraint(condition=models.Q(('drawer_session', None), ('tender__isnull', False), _connector='OR'), name='depositentry_money_in_drawer'), watershop.constraints.SameShop('customer', name='depositentry_customer_same_shop'), watershop.constraints.SameShop('sale', name='depositentry_sale_same_shop'), watershop.constraints.SameShop('can_type', name='depositentry_can_type_same_shop'), watershop.constraints.SameShop('drawer_session', name='depositentry_session_same_shop'), watershop.constraints.SameShop('reverses', name='depositentry_reverses_same_shop'), watershop.constraints.AppendOnly(name='depositentry_append_only')],
            },
        ),
        migrations.RunSQL(DEPOSITS_AGREE, UNDO),
    ]
