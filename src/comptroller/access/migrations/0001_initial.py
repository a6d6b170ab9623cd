from django.db import migrations, models

REFUSE_CHANGES = """
CREATE TRIGGER access_auditentry_no_update BEFORE UPDATE ON access_auditentry
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER access_auditentry_no_delete BEFORE DELETE ON access_auditentry
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=150)),
                ("action", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=200)),
                ("reason", models.TextField(blank=True)),
                ("detail", models.JSONField(default=dict)),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.RunSQL(
            REFUSE_CHANGES,
            "DROP TRIGGER access_auditentry_no_update; DROP TRIGGER access_auditentry_no_delete;",
        ),
    ]
