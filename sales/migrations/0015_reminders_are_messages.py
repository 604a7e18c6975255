"""What was kept as a reminder stands in the outbox from now on, among everything else that was written."""

from django.db import migrations


def copy(apps, schema_editor):
    reminders = apps.get_model("sales", "Reminder").objects.select_related("customer")
    message = apps.get_model("watershop", "Message")
    message.objects.bulk_create(
        (
            message(
                shop_id=row.shop_id,
                topic="dues",
                about_id=row.customer_id,
                channel=row.channel,
                language=row.customer.language,
                to=row.customer.phone,
                text=row.text,
                is_to_customer=True,
                state="opened",
                not_before=row.at,
                created_at=row.at,
                sent_at=row.at,
                by_id=row.by_id,
            )
            for row in reminders.iterator()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0014_deposits"),
        ("watershop", "0003_messages"),
    ]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
