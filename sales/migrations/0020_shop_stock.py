"""The shop's own cans. The database holds stock and customers' cans against each other.

What a customer takes along or brings back moves the shop's stock by the opposite; a sale at the till takes its lines
out of the full cans. What was imported, or sold before there was a stock, moves none.
"""

import django.db.models.deletion
import django.utils.timezone
import watershop.constraints
from django.conf import settings
from django.db import migrations, models

STOCK_AGREES = """
CREATE FUNCTION sales_stock_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.movement_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sales_canmovement WHERE id = NEW.movement_id AND can_type_id = NEW.can_type_id
            AND quantity = -NEW.quantity AND sale_id IS NOT DISTINCT FROM NEW.sale_id
    ) THEN
        RAISE EXCEPTION 'stock move % is not the other side of can movement %', NEW.id, NEW.movement_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind = 'sale' AND NEW.quantity <> (
        SELECT -coalesce(sum(quantity), 0) FROM sales_saleline
            WHERE sale_id = NEW.sale_id AND can_type_id = NEW.can_type_id
    ) THEN
        RAISE EXCEPTION 'stock move % does not match the lines of sale %', NEW.id, NEW.sale_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sales_stockmove undone WHERE undone.id = NEW.reverses_id AND undone.kind <> 'reversal'
            AND undone.can_type_id = NEW.can_type_id AND undone.state = NEW.state AND undone.quantity = -NEW.quantity
    ) THEN
        RAISE EXCEPTION 'stock move % is not the mirror of what it reverses', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_can_movement_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves_stock boolean;
BEGIN
    IF NEW.kind = 'reversal' THEN
        moves_stock := EXISTS (SELECT 1 FROM sales_stockmove WHERE movement_id = NEW.reverses_id);
    ELSE
        moves_stock := NEW.kind IN ('out', 'return') AND (NEW.sale_id IS NULL
            OR EXISTS (SELECT 1 FROM sales_sale WHERE id = NEW.sale_id AND source <> 'import'));
    END IF;
    IF moves_stock AND NOT EXISTS (SELECT 1 FROM sales_stockmove WHERE movement_id = NEW.id) THEN
        RAISE EXCEPTION 'can movement % leaves the stock as it was', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER stock_agrees AFTER INSERT ON sales_stockmove
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_stock_agrees();
CREATE CONSTRAINT TRIGGER can_movement_agrees AFTER INSERT ON sales_canmovement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_can_movement_agrees();
"""

UNDO = """
DROP TRIGGER stock_agrees ON sales_stockmove;
DROP TRIGGER can_movement_agrees ON sales_canmovement;
DROP FUNCTION sales_stock_agrees, sales_can_movement_agrees;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0019_printers'),
        ('watershop', '0002_say_names'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StockMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('full', 'full'), ('empty', 'empty'), ('broken', 'broken')], max_length=6, verbose_name='state')),
                ('kind', models.CharField(choices=[('sale', 'sold'), ('return', 'brought back'), ('delivery', 'delivered full'), ('sent', 'sent to be filled'), ('count', 'counted'), ('reversal', 'reversal')], max_length=10, verbose_name='kind')),
                ('quantity', models.IntegerField(verbose_name='cans')),
                ('counted', models.PositiveIntegerField(null=True, verbose_name='counted')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('at', models.DateTimeField(verbose_name='time')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded')),
                ('client_ref', models.CharField(max_length=255, null=True)),
                ('can_type', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.cantype')),
                ('clerk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='clerk')),
                ('movement', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stock_move', to='sales.canmovement')),
                ('reverses', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversed_by', to='sales.stockmove')),
                ('sale', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stock_moves', to='sales.sale')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='watershop.shop')),
            ],
            options={
                'verbose_name': 'stock move',
                'verbose_name_plural': 'stock moves',
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['shop', 'can_type', 'state'], include=('quantity',), name='stockmove_on_hand'), models.Index(condition=models.Q(('kind__in', ['delivery', 'sent', 'count'])), fields=['shop', '-at'], name='stockmove_by_hand')],
                'constraints': [models.UniqueConstraint(fields=('shop', 'id'), name='stockmove_shop_id'), models.UniqueConstraint(fields=('shop', 'client_ref', 'can_type', 'state'), name='stockmove_client_ref_once'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'sale'), ('quantity__lt', 0), ('sale__isnull', False), ('state', 'full')), models.Q(('kind', 'return'), ('quantity__gt', 0), ('state__in', ['empty', 'broken'])), models.Q(('kind', 'delivery'), ('quantity__gt', 0), ('state', 'full')), models.Q(('kind', 'sent'), ('quantity__lt', 0), ('state', 'empty')), models.Q(('counted__isnull', False), ('kind', 'count')), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), _connector='OR'), name='stockmove_sign_follows_kind'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'count'), ('note', ''), _negated=True), ('quantity', 0), _connector='OR'), name='stockmove_count_says_why'), models.CheckConstraint(condition=models.Q(('kind', 'reversal'), ('reverses', None), _connector='OR'), name='stockmove_reversal_reverses'), watershop.constraints.SameShop('can_type', name='stockmove_can_type_same_shop'), watershop.constraints.SameShop('sale', name='stockmove_sale_same_shop'), watershop.constraints.SameShop('movement', name='stockmove_movement_same_shop'), watershop.constraints.SameShop('reverses', name='stockmove_reverses_same_shop'), watershop.constraints.AppendOnly(name='stockmove_append_only')],
            },
        ),
        migrations.RunSQL(STOCK_AGREES, UNDO),
    ]
