import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0003_how_long_serving_takes'),
    ]

    operations = [
        migrations.AddField(
            model_name='alertrule',
            name='checked_at',
            field=models.DateTimeField(editable=False, help_text='until then all was looked at', null=True),
        ),
        migrations.AlterField(
            model_name='reportschedule',
            name='hour',
            field=models.PositiveSmallIntegerField(default=7, help_text='of the day after, 0 to 23', validators=[django.core.validators.MaxValueValidator(23)], verbose_name='hour'),
        ),
        migrations.AlterField(
            model_name='reportschedule',
            name='sent_until',
            field=models.DateField(blank=True, editable=False, help_text='last day of the last report; empty: one is asked for now', null=True, verbose_name='sent until'),
        ),
        migrations.AlterConstraint(
            model_name='alertrule',
            name='alertrule_once',
            constraint=models.UniqueConstraint(fields=('shop', 'kind', 'to'), name='alertrule_once', violation_error_message='There is such a rule already.'),
        ),
        migrations.AlterConstraint(
            model_name='reportschedule',
            name='reportschedule_once',
            constraint=models.UniqueConstraint(fields=('shop', 'rhythm', 'to'), name='reportschedule_once', violation_error_message='This address gets this report already.'),
        ),
    ]
