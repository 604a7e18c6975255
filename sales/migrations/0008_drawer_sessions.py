"""Drawers and their sessions. The database lets nothing into a closed one, and keeps it as it was closed."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import watershop.constraints
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


CLOSED_STAYS_CLOSED = """
CREATE FUNCTION sales_needs_open_drawer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM sales_drawersession WHERE id = NEW.drawer_session_id AND closed_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'drawer session % is closed', NEW.drawer_session_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION sales_drawer_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'drawer session % is kept', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    free := CASE WHEN OLD.closed_at IS NULL THEN ARRAY['closed_at', 'closed_by_id', 'note'] ELSE ARRAY['reason'] END;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.reason <> '' THEN
        RAISE EXCEPTION 'drawer session % stays as it is', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payment_needs_open_drawer BEFORE INSERT ON sales_payment
    FOR EACH ROW WHEN (NEW.drawer_session_id IS NOT NULL) EXECUTE FUNCTION sales_needs_open_drawer();
CREATE TRIGGER cashmove_needs_open_drawer BEFORE INSERT ON sales_cashmove
    FOR EACH ROW EXECUTE FUNCTION sales_needs_open_drawer();
CREATE TRIGGER cashcount_needs_open_drawer BEFORE INSERT ON sales_cashcount
    FOR EACH ROW EXECUTE FUNCTION sales_needs_open_drawer();
CREATE TRIGGER drawercount_needs_open_drawer BEFORE INSERT ON sales_drawercount
    FOR EACH ROW EXECUTE FUNCTION sales_needs_open_drawer();
CREATE TRIGGER drawersession_stays_closed BEFORE UPDATE OR DELETE ON sales_drawersession
    FOR EACH ROW EXECUTE FUNCTION sales_drawer_stays_closed();
"""

UNDO = """
DROP TRIGGER payment_needs_open_drawer ON sales_payment;
DROP TRIGGER cashmove_needs_open_drawer ON sales_cashmove;
DROP TRIGGER cashcount_needs_open_drawer ON sales_cashcount;
DROP TRIGGER drawercount_needs_open_drawer ON sales_drawercount;
DROP TRIGGER drawersession_stays_closed ON sales_drawersession;
DROP FUNCTION sales_needs_open_drawer, sales_drawer_stays_closed;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_credit'),
        ('sales', '0007_upi_is_claimed_until_confirmed'),
        ('watershop', '0002_say_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Drawer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
            ],
            options={
                'verbose_name': 'drawer',
                'verbose_name_plural': 'drawers',
            },
        ),
        migrations.CreateModel(
            name='DrawerSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='opened')),
                ('opening_float', models.DecimalField(decimal_places=2, max_digits=8, validators=[django.core.validators.MinValueValidator(Decimal('0.00'))], verbose_name='opening float')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason of the variance')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by')),
                ('drawer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='sales.drawer')),
                ('opened_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='opened by')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
            ],
            options={
                'verbose_name': 'drawer session',
                'verbose_name_plural': 'drawer sessions',
                'ordering': ['-opened_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='DrawerCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tender', models.CharField(choices=[('cash', 'Cash'), ('upi', 'UPI'), ('coin', 'Coins')], max_length=5, verbose_name='tender')),
                ('expected', models.DecimalField(decimal_places=2, max_digits=12)),
                ('counted', models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
                ('drawer_session', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='counts', to='sales.drawersession')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CashMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('in', 'Put in'), ('out', 'Taken out')], max_length=3, verbose_name='kind')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=8, verbose_name='amount')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
                ('drawer_session', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='sales.drawersession')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='CashCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('denomination', models.PositiveSmallIntegerField()),
                ('count', models.PositiveIntegerField()),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
                ('drawer_session', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='sheet', to='sales.drawersession')),
            ],
            options={
                'ordering': ['-denomination'],
            },
        ),
        migrations.AddField(
            model_name='payment',
            name='drawer_session',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='sales.drawersession'),
        ),
        migrations.AddConstraint(
            model_name='drawer',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='drawer_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='drawer',
            constraint=models.UniqueConstraint(fields=('shop', 'name'), name='drawer_name_once_per_shop'),
        ),
        migrations.AddIndex(
            model_name='drawersession',
            index=models.Index(fields=['shop', 'opened_at'], name='drawersession_by_time'),
        ),
        migrations.AddConstraint(
            model_name='drawersession',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='drawersession_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='drawersession',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('drawer',), name='drawersession_one_open_per_drawer'),
        ),
        migrations.AddConstraint(
            model_name='drawersession',
            constraint=models.CheckConstraint(condition=models.Q(('opening_float__gte', 0)), name='drawersession_float'),
        ),
        migrations.AddConstraint(
            model_name='drawersession',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='drawersession_times'),
        ),
        migrations.AddConstraint(
            model_name='drawersession',
            constraint=watershop.constraints.SameShop('drawer', name='drawersession_drawer_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='drawercount_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=models.UniqueConstraint(fields=('drawer_session', 'tender'), name='drawercount_once'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=models.CheckConstraint(condition=models.Q(('tender__in', ['cash', 'upi', 'coin'])), name='drawercount_tender_known'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=models.CheckConstraint(condition=models.Q(('counted', None), ('counted__gte', 0), _connector='OR'), name='drawercount_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=watershop.constraints.SameShop('drawer_session', name='drawercount_session_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='drawercount',
            constraint=watershop.constraints.AppendOnly(name='drawercount_append_only'),
        ),
        migrations.AddConstraint(
            model_name='cashmove',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='cashmove_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='cashmove',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('kind__in', ['in', 'out'])), name='cashmove_amount'),
        ),
        migrations.AddConstraint(
            model_name='cashmove',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='cashmove_says_why'),
        ),
        migrations.AddConstraint(
            model_name='cashmove',
            constraint=watershop.constraints.SameShop('drawer_session', name='cashmove_session_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='cashmove',
            constraint=watershop.constraints.AppendOnly(name='cashmove_append_only'),
        ),
        migrations.AddConstraint(
            model_name='cashcount',
            constraint=models.UniqueConstraint(fields=('shop', 'id'), name='cashcount_shop_id'),
        ),
        migrations.AddConstraint(
            model_name='cashcount',
            constraint=models.UniqueConstraint(fields=('drawer_session', 'denomination'), name='cashcount_once'),
        ),
        migrations.AddConstraint(
            model_name='cashcount',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0), ('denomination__in', (500, 200, 100, 50, 20, 10, 5, 2, 1))), name='cashcount_known'),
        ),
        migrations.AddConstraint(
            model_name='cashcount',
            constraint=watershop.constraints.SameShop('drawer_session', name='cashcount_session_same_shop'),
        ),
        migrations.AddConstraint(
            model_name='cashcount',
            constraint=watershop.constraints.AppendOnly(name='cashcount_append_only'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=watershop.constraints.SameShop('drawer_session', name='payment_session_same_shop'),
        ),
        migrations.RunSQL(CLOSED_STAYS_CLOSED, UNDO),
    ]
