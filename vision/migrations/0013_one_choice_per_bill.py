from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('vision', '0012_customers_agreed')]

    operations = [
        migrations.AddConstraint(
            model_name='cancount',
            constraint=models.UniqueConstraint(condition=models.Q(('client_ref', ''), _negated=True), fields=('shop', 'client_ref'), name='cancount_one_per_bill'),
        ),
        migrations.AddConstraint(
            model_name='counterchoice',
            constraint=models.UniqueConstraint(condition=models.Q(('client_ref', ''), _negated=True), fields=('shop', 'client_ref'), name='counterchoice_one_per_bill'),
        ),
    ]
