from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0034_notebook_tasks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rulecard",
            name="kind",
            field=models.CharField(
                choices=[
                    ("limit", "Over the credit limit"),
                    ("blocked", "Nothing on credit, but sold"),
                    ("price", "Another price than the list"),
                    ("drawer", "No open drawer"),
                    ("deposit", "More deposit given back than was left"),
                    ("retired", "A size no longer on sale"),
                    ("inactive", "An inactive customer"),
                    ("old", "Came late"),
                    ("clock", "The device's clock is wrong"),
                    ("clerk", "Clerk not known"),
                    ("unreadable", "Not in the books"),
                ],
                max_length=10,
                verbose_name="kind",
            ),
        ),
    ]
