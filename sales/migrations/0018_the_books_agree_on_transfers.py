"""The database's checks of ledger and allocations learn transfers between merged accounts.

- The transfers of a merge belong to its two accounts and sum to zero, in money and for each can size.
- Whatever entry is neither sale, payment nor reversal is a due while it is positive and credit while it is negative.

Not reversible: the older checks would let those rows pass unchecked.
"""

from django.db import migrations

TRANSFERS_AGREE = """
CREATE OR REPLACE FUNCTION sales_entry_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_true boolean;
BEGIN
    CASE NEW.kind
        WHEN 'sale' THEN
            is_true := EXISTS (SELECT 1 FROM sales_sale WHERE id = NEW.sale_id AND customer_id = NEW.customer_id);
        WHEN 'payment' THEN
            is_true := EXISTS (SELECT 1 FROM sales_payment
                WHERE id = NEW.payment_id AND customer_id = NEW.customer_id AND amount = -NEW.amount);
        WHEN 'reversal' THEN
            is_true := EXISTS (SELECT 1 FROM sales_ledgerentry undone
                WHERE undone.id = NEW.reverses_id AND undone.customer_id = NEW.customer_id
                  AND undone.amount = -NEW.amount AND undone.kind <> 'reversal')
                AND 0 = (SELECT coalesce(sum(amount), 0) FROM sales_allocation
                    WHERE credit_id = NEW.reverses_id OR opening_id = NEW.reverses_id);
        WHEN 'transfer' THEN
            is_true := EXISTS (SELECT 1 FROM sales_accountmerge merge
                WHERE merge.id = NEW.merge_id AND NEW.customer_id IN (merge.old_id, merge.into_id))
                AND 0 = (SELECT sum(amount) FROM sales_ledgerentry WHERE merge_id = NEW.merge_id);
        ELSE
            is_true := true;
    END CASE;
    IF NOT is_true THEN
        RAISE EXCEPTION 'ledger entry % (%) does not match what it tells of', NEW.id, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION sales_allocation_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settled numeric; total numeric; used numeric; received numeric; payer bigint; buyer bigint;
BEGIN
    IF NEW.sale_id IS NOT NULL THEN
        SELECT sum(amount) INTO settled FROM sales_allocation WHERE sale_id = NEW.sale_id;
        SELECT sum(amount) INTO total FROM sales_saleline WHERE sale_id = NEW.sale_id;
        SELECT customer_id INTO buyer FROM sales_sale WHERE id = NEW.sale_id;
    ELSE
        SELECT sum(amount) INTO settled FROM sales_allocation WHERE opening_id = NEW.opening_id;
        SELECT CASE WHEN undo.id IS NULL AND entry.kind NOT IN ('sale', 'payment', 'reversal')
                    THEN greatest(entry.amount, 0) ELSE 0 END,
               entry.customer_id INTO total, buyer
            FROM sales_ledgerentry entry LEFT JOIN sales_ledgerentry undo ON undo.reverses_id = entry.id
            WHERE entry.id = NEW.opening_id;
    END IF;
    IF settled NOT BETWEEN 0 AND total THEN
        RAISE EXCEPTION '% of % would be settled with %',
            CASE WHEN NEW.sale_id IS NULL THEN 'ledger entry ' || NEW.opening_id ELSE 'sale ' || NEW.sale_id END,
            total, settled USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.payment_id IS NOT NULL THEN
        SELECT sum(amount) INTO used FROM sales_allocation WHERE payment_id = NEW.payment_id;
        SELECT amount, customer_id INTO received, payer FROM sales_payment WHERE id = NEW.payment_id;
    ELSE
        SELECT sum(amount) INTO used FROM sales_allocation WHERE credit_id = NEW.credit_id;
        SELECT CASE WHEN undo.id IS NULL AND entry.kind NOT IN ('sale', 'payment', 'reversal')
                    THEN greatest(-entry.amount, 0) ELSE 0 END,
               entry.customer_id INTO received, payer
            FROM sales_ledgerentry entry LEFT JOIN sales_ledgerentry undo ON undo.reverses_id = entry.id
            WHERE entry.id = NEW.credit_id;
    END IF;
    IF payer IS DISTINCT FROM buyer THEN
        RAISE EXCEPTION 'money of customer % cannot settle a due of %', payer, buyer
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF used NOT BETWEEN 0 AND received THEN
        RAISE EXCEPTION '% of % would settle %',
            CASE WHEN NEW.payment_id IS NULL THEN 'credit ' || NEW.credit_id ELSE 'payment ' || NEW.payment_id END,
            received, used USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_moved_cans_agree() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sales_accountmerge merge
            WHERE merge.id = NEW.merge_id AND NEW.customer_id IN (merge.old_id, merge.into_id))
        OR 0 <> (SELECT sum(quantity) FROM sales_canmovement
            WHERE merge_id = NEW.merge_id AND can_type_id = NEW.can_type_id)
    THEN
        RAISE EXCEPTION 'can movement % does not match the merge it tells of', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER moved_cans_agree AFTER INSERT ON sales_canmovement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.merge_id IS NOT NULL)
    EXECUTE FUNCTION sales_moved_cans_agree();
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0017_merged_accounts")]
    operations = [migrations.RunSQL(TRANSFERS_AGREE)]
