"""Owners' rules: what one may be, who was mailed, and a guard that no act passes by a rule that is not in force or may not cover it."""

from datetime import timedelta

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import apps.core.ids

# The same pairs as core.classes.COVERED. A minute of grace, as the rule is read a moment before the act is written.
GUARD = """
CREATE FUNCTION workflows_rules_hold(reasons jsonb, type text, grace interval) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM jsonb_to_recordset(reasons) AS x(code text, rule text, over text)
        WHERE x.code = 'allowed_by_rule' AND NOT EXISTS (
            SELECT FROM workflows_allowrule a
            WHERE a.id::text = x.rule AND a.expires_at > clock_timestamp() - grace
              AND (a.ended_at IS NULL OR a.ended_at > clock_timestamp() - grace)
              AND (a.types = '[]' OR a.types @> to_jsonb(workflows_rules_hold.type))
              AND x.over = ANY(CASE a.kind
                  WHEN 'amount' THEN ARRAY['money']
                  WHEN 'hosts' THEN ARRAY['recipients_outside', 'unknown_reach', 'personal_data']
                  ELSE ARRAY['recipients_outside', 'personal_data'] END)
        )
    );
END $$;
CREATE FUNCTION workflows_effect_rule_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT workflows_rules_hold(NEW.reasons, NEW.type, interval '1 minute') THEN
        RAISE EXCEPTION 'an act passes only by a rule that is in force and may cover it'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflows_effect_rule_begins BEFORE INSERT ON workflows_effect FOR EACH ROW
WHEN (NEW.reasons @> '[{"code": "allowed_by_rule"}]') EXECUTE FUNCTION workflows_effect_rule_guard();
CREATE TRIGGER workflows_effect_rule_changes BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (NEW.reasons @> '[{"code": "allowed_by_rule"}]' AND NOT NEW.held AND (
    NEW.reasons IS DISTINCT FROM OLD.reasons OR NEW.state = 'sending' AND OLD.state <> 'sending' AND OLD.sends = 0))
EXECUTE FUNCTION workflows_effect_rule_guard();
CREATE TRIGGER workflows_allowrule_stays BEFORE DELETE ON workflows_allowrule FOR EACH ROW
EXECUTE FUNCTION workflows_refuse('a rule stays on record; end it instead');
"""
UNDO = """
DROP TRIGGER workflows_allowrule_stays ON workflows_allowrule;
DROP TRIGGER workflows_effect_rule_changes ON workflows_effect;
DROP TRIGGER workflows_effect_rule_begins ON workflows_effect;
DROP FUNCTION workflows_effect_rule_guard();
DROP FUNCTION workflows_rules_hold(jsonb, text, interval);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0014_keep_a_record_of_secrets"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalMail",
            fields=[
                (
                    "id",
                    models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("user_id", models.BigIntegerField()),
                ("occasion", models.CharField(max_length=40)),
                ("sent_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name="allowrule",
            name="renews",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewed_by",
                to="workflows.allowrule",
            ),
        ),
        migrations.AddConstraint(
            model_name="allowrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["recipients", "domains", "hosts", "amount"])),
                name="workflows_allowrule_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="allowrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "amount"), ("values", [])),
                    models.Q(models.Q(("kind", "amount"), _negated=True), models.Q(("values", []), _negated=True)),
                    _connector="OR",
                ),
                name="workflows_allowrule_names_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="allowrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("created_at"), "+", models.Value(timedelta(days=366))
                        ),
                    )
                ),
                name="workflows_allowrule_lasts_a_year_at_most",
            ),
        ),
        migrations.AddField(
            model_name="approvalmail",
            name="approval",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mails",
                to="workflows.approval",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvalmail",
            constraint=models.UniqueConstraint(
                fields=("approval", "user_id", "occasion"), name="workflows_approvalmail_once_per_occasion"
            ),
        ),
        migrations.RunSQL(sql=GUARD, reverse_sql=UNDO),
    ]
