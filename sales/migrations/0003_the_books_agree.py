"""What no single row can promise, checked by the database at the end of each transaction.

- Each sale has a line; a customer's sale stands in the ledger with the sum of its lines, a walk-in's is paid in full.
- Each payment of a customer stands in the ledger with the opposite sign; what reverses another is its mirror.
- A ledger entry belongs to the customer of its sale or payment.
- Allocations settle no more than the sale's total and no more than the payment's amount, within one customer.
- A void sale is reversed in the ledger and settled by nothing.
"""

from django.db import migrations

BOOKS_AGREE = """
CREATE FUNCTION sales_check_sale(which bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    total numeric; owed numeric; settled numeric; buyer bigint; is_void boolean;
BEGIN
    SELECT sum(amount) INTO total FROM sales_saleline WHERE sale_id = which;
    IF total IS NULL THEN
        RAISE EXCEPTION 'sale % has no line', which USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT customer_id INTO buyer FROM sales_sale WHERE id = which;
    is_void := EXISTS (SELECT 1 FROM sales_salevoid WHERE sale_id = which);
    SELECT coalesce(sum(amount), 0) INTO settled FROM sales_allocation WHERE sale_id = which;
    IF is_void AND settled <> 0 THEN
        RAISE EXCEPTION 'void sale % is settled with %', which, settled
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF buyer IS NULL THEN
        IF settled <> total AND NOT is_void THEN
            RAISE EXCEPTION 'walk-in sale % of % is settled with %', which, total, settled
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSE
        SELECT coalesce(sum(amount), 0) INTO owed FROM sales_ledgerentry WHERE sale_id = which AND kind = 'sale';
        IF owed <> total THEN
            RAISE EXCEPTION 'sale % of % stands in the ledger with %', which, total, owed
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
END $$;

CREATE FUNCTION sales_sale_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM sales_saleline WHERE sale_id = NEW.id) THEN
        RAISE EXCEPTION 'sale % has no line', NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_line_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sales_check_sale(NEW.sale_id);
    RETURN NULL;
END $$;

CREATE FUNCTION sales_void_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sales_check_sale(NEW.sale_id);
    IF EXISTS (
        SELECT 1 FROM sales_ledgerentry entry WHERE entry.sale_id = NEW.sale_id AND entry.kind = 'sale'
            AND NOT EXISTS (SELECT 1 FROM sales_ledgerentry undo WHERE undo.reverses_id = entry.id)
    ) THEN
        RAISE EXCEPTION 'void sale % still stands in the ledger', NEW.sale_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_entry_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_true boolean;
BEGIN
    CASE NEW.kind
        WHEN 'sale' THEN
            is_true := EXISTS (SELECT 1 FROM sales_sale WHERE id = NEW.sale_id AND customer_id = NEW.customer_id);
        WHEN 'payment' THEN
            is_true := EXISTS (SELECT 1 FROM sales_payment
                WHERE id = NEW.payment_id AND customer_id = NEW.customer_id AND amount = -NEW.amount);
        ELSE
            is_true := EXISTS (SELECT 1 FROM sales_ledgerentry undone
                WHERE undone.id = NEW.reverses_id AND undone.customer_id = NEW.customer_id
                  AND undone.amount = -NEW.amount AND undone.kind <> 'reversal');
    END CASE;
    IF NOT is_true THEN
        RAISE EXCEPTION 'ledger entry % (%) does not match what it tells of', NEW.id, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_payment_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booked numeric;
BEGIN
    SELECT coalesce(sum(amount), 0) INTO booked FROM sales_ledgerentry
        WHERE payment_id = CASE WHEN NEW.amount > 0 THEN NEW.id ELSE NEW.reverses_id END
          AND kind = CASE WHEN NEW.amount > 0 THEN 'payment' ELSE 'reversal' END;
    IF booked <> (CASE WHEN NEW.customer_id IS NULL THEN 0 ELSE -NEW.amount END) THEN
        RAISE EXCEPTION 'payment % of % stands in the ledger with %', NEW.id, NEW.amount, booked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM sales_payment undone WHERE undone.id = NEW.reverses_id AND undone.amount = -NEW.amount
            AND undone.tender = NEW.tender AND undone.customer_id IS NOT DISTINCT FROM NEW.customer_id
    ) THEN
        RAISE EXCEPTION 'payment % is not the mirror of what it reverses', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION sales_allocation_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settled numeric; total numeric; used numeric; received numeric; payer bigint; buyer bigint;
BEGIN
    SELECT sum(amount) INTO settled FROM sales_allocation WHERE sale_id = NEW.sale_id;
    SELECT sum(amount) INTO total FROM sales_saleline WHERE sale_id = NEW.sale_id;
    IF settled NOT BETWEEN 0 AND total THEN
        RAISE EXCEPTION 'sale % of % would be settled with %', NEW.sale_id, total, settled
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT sum(amount) INTO used FROM sales_allocation WHERE payment_id = NEW.payment_id;
    SELECT amount, customer_id INTO received, payer FROM sales_payment WHERE id = NEW.payment_id;
    SELECT customer_id INTO buyer FROM sales_sale WHERE id = NEW.sale_id;
    IF payer IS DISTINCT FROM buyer THEN
        RAISE EXCEPTION 'payment % of customer % cannot settle a sale to %', NEW.payment_id, payer, buyer
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF used NOT BETWEEN 0 AND received THEN
        RAISE EXCEPTION 'payment % of % would settle %', NEW.payment_id, received, used
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER sale_agrees AFTER INSERT ON sales_sale
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_sale_agrees();
CREATE CONSTRAINT TRIGGER line_agrees AFTER INSERT ON sales_saleline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_line_agrees();
CREATE CONSTRAINT TRIGGER void_agrees AFTER INSERT ON sales_salevoid
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_void_agrees();
CREATE CONSTRAINT TRIGGER entry_agrees AFTER INSERT ON sales_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_entry_agrees();
CREATE CONSTRAINT TRIGGER payment_agrees AFTER INSERT ON sales_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_payment_agrees();
CREATE CONSTRAINT TRIGGER allocation_agrees AFTER INSERT ON sales_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_allocation_agrees();
"""

UNDO = """
DROP TRIGGER sale_agrees ON sales_sale;
DROP TRIGGER line_agrees ON sales_saleline;
DROP TRIGGER void_agrees ON sales_salevoid;
DROP TRIGGER entry_agrees ON sales_ledgerentry;
DROP TRIGGER payment_agrees ON sales_payment;
DROP TRIGGER allocation_agrees ON sales_allocation;
DROP FUNCTION sales_sale_agrees, sales_line_agrees, sales_void_agrees, sales_entry_agrees, sales_payment_agrees,
    sales_allocation_agrees, sales_check_sale;
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0002_initial")]
    operations = [migrations.RunSQL(BOOKS_AGREE, UNDO)]
