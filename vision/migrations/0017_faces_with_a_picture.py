"""Each minute asks for the pictures that may have to go; of most faces there is none."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("vision", "0016_bar_by_hand")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="tracklet",
            index=models.Index(
                condition=models.Q(("picture", ""), _negated=True),
                fields=["shop", "id"],
                name="tracklet_with_picture",
            ),
        ),
    ]
