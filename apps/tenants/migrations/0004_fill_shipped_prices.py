import json

from django.conf import settings
from django.db import migrations


def fill(apps, schema_editor):
    """Shipped plans that have no price yet get the shipped one; prices somebody set stay."""
    plans = apps.get_model("tenants", "Plan")
    for row in json.loads((settings.BASE_DIR / "fixtures" / "tenants.json").read_text()):
        if row["model"] == "tenants.plan":
            plans.objects.filter(pk=row["pk"], prices={}).update(prices=row["fields"]["prices"])


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_price_plans")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
