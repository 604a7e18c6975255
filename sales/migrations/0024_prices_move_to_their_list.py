from django.db import migrations

# A price that stood without a date has counted since the shop began.
MOVE = """
    INSERT INTO sales_canprice (shop_id, can_type_id, price, hsn, since)
    SELECT size.shop_id, size.id, size.price, '', shop.created_at
    FROM sales_cantype size JOIN watershop_shop shop ON shop.id = size.shop_id
"""
BACK = """
    UPDATE sales_cantype size SET price = (
        SELECT price FROM sales_canprice WHERE can_type_id = size.id AND since <= now()
        ORDER BY since DESC, id DESC LIMIT 1
    )
"""


class Migration(migrations.Migration):

    dependencies = [('sales', '0023_prices_have_dates')]

    operations = [migrations.RunSQL(MOVE, BACK)]
