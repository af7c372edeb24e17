from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_offer_flags_and_currency")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="prices",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Minor units by currency and period: {"EUR": {"month": 3500, "year": 35000}}; left out means on request.',
            ),
        )
    ]
