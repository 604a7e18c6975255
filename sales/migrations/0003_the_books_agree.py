"""What no single row can promise, checked by the database at the end of each transaction.

- Each sale has a line; a customer's sale stands in the ledger with the sum of its lines, a walk-in's is paid in full.
- Each payment of a customer stands in the ledger with the opposite sign.
- Allocations settle no more than the sale's total and no more than the payment's amount.
"""

from django.db import migrations

BOOKS_AGREE = """
CREATE FUNCTION sales_check_sale(which bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    total numeric; owed numeric; settled numeric; buyer bigint;
BEGIN
    SELECT sum(amount) INTO total FROM sales_saleline WHERE sale_id = which;
    IF total IS NULL THEN
        RAISE EXCEPTION 'sale % has no line', which USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT customer_id INTO buyer FROM sales_sale WHERE id = which;
    IF EXISTS (SELECT 1 FROM sales_salevoid WHERE sale_id = which) THEN
        RETURN;
    END IF;
    IF buyer IS NULL THEN
        SELECT coalesce(sum(amount), 0) INTO settled FROM sales_allocation WHERE sale_id = which;
        IF settled <> total THEN
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
    RETURN NULL;
END $$;

CREATE FUNCTION sales_allocation_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settled numeric; total numeric; used numeric; received numeric;
BEGIN
    SELECT sum(amount) INTO settled FROM sales_allocation WHERE sale_id = NEW.sale_id;
    SELECT sum(amount) INTO total FROM sales_saleline WHERE sale_id = NEW.sale_id;
    IF settled NOT BETWEEN 0 AND total THEN
        RAISE EXCEPTION 'sale % of % would be settled with %', NEW.sale_id, total, settled
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT sum(amount) INTO used FROM sales_allocation WHERE payment_id = NEW.payment_id;
    SELECT amount INTO received FROM sales_payment WHERE id = NEW.payment_id;
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
CREATE CONSTRAINT TRIGGER payment_agrees AFTER INSERT ON sales_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_payment_agrees();
CREATE CONSTRAINT TRIGGER allocation_agrees AFTER INSERT ON sales_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales_allocation_agrees();
"""

UNDO = """
DROP TRIGGER sale_agrees ON sales_sale;
DROP TRIGGER line_agrees ON sales_saleline;
DROP TRIGGER payment_agrees ON sales_payment;
DROP TRIGGER allocation_agrees ON sales_allocation;
DROP FUNCTION sales_sale_agrees, sales_line_agrees, sales_payment_agrees, sales_allocation_agrees, sales_check_sale;
"""


class Migration(migrations.Migration):
    dependencies = [("sales", "0002_initial")]
    operations = [migrations.RunSQL(BOOKS_AGREE, UNDO)]
