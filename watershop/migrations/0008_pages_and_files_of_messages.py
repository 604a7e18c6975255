import django.db.models.deletion
from django.db import migrations, models

import watershop.constraints


class Migration(migrations.Migration):

    dependencies = [("watershop", "0007_days_to_count_anew")]

    operations = [
        migrations.RenameField("message", "is_to_customer", "keeps_night"),
        migrations.AlterField(
            model_name="message",
            name="keeps_night",
            field=models.BooleanField(
                default=False, help_text="the quiet hours of the shop are kept", verbose_name="waits for the morning"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="html",
            field=models.TextField(
                blank=True,
                help_text="the same as a web page, for mail programs that show one",
                verbose_name="page",
            ),
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("content_type", models.CharField(max_length=100)),
                (
                    "content_id",
                    models.CharField(blank=True, help_text="the page shows it as cid:<this>", max_length=60),
                ),
                ("data", models.BinaryField()),
                (
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="watershop.message",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="watershop.shop"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("shop", "id"), name="attachment_shop_id"),
                    models.UniqueConstraint(
                        condition=models.Q(("content_id", ""), _negated=True),
                        fields=("message", "content_id"),
                        name="attachment_shown_once",
                    ),
                    watershop.constraints.SameShop("message", name="attachment_message_same_shop"),
                ],
            },
        ),
    ]
