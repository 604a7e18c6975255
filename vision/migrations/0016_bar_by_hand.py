"""A shop may set by hand how near a face must be to be recognised."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("vision", "0015_events_may_be_emptied")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="visionsettings",
            name="accept_at",
            field=models.FloatField(
                blank=True,
                help_text="how near a face must be to be recognised; empty: fitted to each camera",
                null=True,
                verbose_name="recognise",
            ),
        ),
    ]
