"""Each minute asks for the sales that were written down since the last one: as quick after years as on the first day."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("sales", "0036_name_what_the_admin_shows")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="sale",
            index=models.Index(fields=["shop", "recorded_at"], name="sale_by_entry"),
        ),
    ]
