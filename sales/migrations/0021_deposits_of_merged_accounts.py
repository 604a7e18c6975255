"""Deposits go over with a merged account: per merge and can size they sum to zero."""

import django.db.models.deletion
import django.utils.timezone
import watershop.constraints
from django.conf import settings
from django.db import migrations, models

DEPOSITS_AGREE = """
CREATE FUNCTION sales_moved_deposit_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sales_accountmerge merge
            WHERE merge.id = NEW.merge_id AND NEW.customer_id IN (merge.old_id, merge.into_id))
        OR EXISTS (SELECT 1 FROM sales_depositentry
            WHERE merge_id = NEW.merge_id AND can_type_id = NEW.can_type_id
            HAVING sum(amount) <> 0 OR sum(cans) <> 0)
    THEN
        RAISE EXCEPTION 'deposit % does not match the merge it tells of', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER moved_deposit_agrees AFTER INSERT ON sales_depositentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.merge_id IS NOT NULL)
    EXECUTE FUNCTION sales_moved_deposit_agrees();
"""

UNDO = """
DROP TRIGGER moved_deposit_agrees ON sales_depositentry;
DROP FUNCTION sales_moved_deposit_agrees;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0009_merged_customers'),
        ('sales', '0020_shop_stock'),
        ('watershop', '0004_pins_and_approvals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='depositentry',
            name='depositentry_sign_follows_kind',
        ),
        migrations.AddField(
            model_name='depositentry',
            name='merge',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deposits', to='sales.accountmerge'),
        ),
        migrations.AlterField(
            model_name='depositentry',
            name='kind',
            field=models.CharField(choices=[('taken', 'deposit taken'), ('refunded', 'deposit given back'), ('reversal', 'reversal'), ('transfer', 'transfer')], max_length=10, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='depositentry',
            index=models.Index(condition=models.Q(('merge__isnull', False)), fields=['merge'], name='depositentry_of_merge'),
        ),
        migrations.AddConstraint(
            model_name='depositentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount__gt', 0), ('cans__gt', 0), ('kind', 'taken'), ('reverses', None), ('tender__isnull', False)), models.Q(('amount__lt', 0), ('cans__lte', 0), ('kind', 'refunded'), ('reverses', None), ('tender__isnull', False)), models.Q(('kind', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('amount', 0), _negated=True), ('kind', 'transfer'), ('merge__isnull', False), ('reverses', None), ('tender', None)), _connector='OR'), name='depositentry_sign_follows_kind'),
        ),
        migrations.AddConstraint(
            model_name='depositentry',
            constraint=watershop.constraints.SameShop('merge', name='depositentry_merge_same_shop'),
        ),
        migrations.RunSQL(DEPOSITS_AGREE, UNDO),
    ]
