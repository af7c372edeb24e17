"""Triggers for what no code may do: send a held effect without an approval of its bytes, approve without votes, rewrite a question."""

from django.db import migrations

# The same text as core.effects.payload_digest: type, line feed, rendered request.
SEND = """
CREATE FUNCTION workflows_effect_needs_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.risk_class = '' THEN
        RAISE EXCEPTION 'an effect without a risk class is not sent' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.held THEN
        UPDATE workflows_approval a SET spent_at = coalesce(a.spent_at, clock_timestamp())
        WHERE a.effect_id = NEW.id AND a.state = 'approved'
          AND a.payload_hash = encode(sha256(convert_to(NEW.type || E'\\n' || NEW.request, 'UTF8')), 'hex')
          AND (a.spent_at IS NOT NULL OR a.valid_until > clock_timestamp());
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a held effect is sent only with a valid approval of exactly its bytes'
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflows_effect_needs_approval BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (NEW.state = 'sending' AND OLD.state <> 'sending') EXECUTE FUNCTION workflows_effect_needs_approval();
CREATE TRIGGER workflows_effect_begins_unsent BEFORE INSERT ON workflows_effect FOR EACH ROW
WHEN (NEW.state = 'sending') EXECUTE FUNCTION workflows_refuse('an effect begins as an intention');
CREATE TRIGGER workflows_effect_stays_held BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (OLD.held AND NOT NEW.held) EXECUTE FUNCTION workflows_refuse('an effect that needs approval keeps needing it');
DROP TRIGGER workflows_effect_request_is_frozen ON workflows_effect;
CREATE TRIGGER workflows_effect_request_is_frozen BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (OLD.effect_class <> 'metered' AND OLD.request_hash <> NEW.request_hash
      AND NOT (OLD.held AND OLD.sends = 0 AND OLD.state = 'intended'))
EXECUTE FUNCTION workflows_refuse('the request of an effect is frozen with its intent');
"""
DECIDE = """
CREATE FUNCTION workflows_approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' OR NEW.spent_at IS NOT NULL THEN
            RAISE EXCEPTION 'a question begins undecided' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        END IF;
        IF NEW.payload_hash <> encode(sha256(convert_to(NEW.type || E'\\n' || NEW.payload, 'UTF8')), 'hex') THEN
            RAISE EXCEPTION 'the hash is not that of the payload' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        END IF;
        RETURN NEW;
    END IF;
    IF ROW(NEW.kind, NEW.run_id, NEW.effect_id, NEW.path, NEW.type, NEW.payload, NEW.payload_hash, NEW.quorum, NEW.roles, NEW.users,
           NEW.escalate_to, NEW.allow_self, NEW.delegate, NEW.started_by, NEW.asked_at, NEW.expires_at, NEW.risk_class, NEW.reasons)
       IS DISTINCT FROM
       ROW(OLD.kind, OLD.run_id, OLD.effect_id, OLD.path, OLD.type, OLD.payload, OLD.payload_hash, OLD.quorum, OLD.roles, OLD.users,
           OLD.escalate_to, OLD.allow_self, OLD.delegate, OLD.started_by, OLD.asked_at, OLD.expires_at, OLD.risk_class, OLD.reasons)
    THEN
        RAISE EXCEPTION 'a question never changes; ask a new one' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    IF OLD.spent_at IS NOT NULL AND NEW.spent_at IS DISTINCT FROM OLD.spent_at OR NEW.spent_at IS NOT NULL AND NEW.state <> 'approved' THEN
        RAISE EXCEPTION 'an approval that was used stays used' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT (OLD.state = 'pending' OR OLD.state = 'approved' AND OLD.spent_at IS NULL AND NEW.state IN ('void', 'withdrawn')) THEN
        RAISE EXCEPTION 'what was decided stays decided' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.state = 'approved' AND (
        OLD.expires_at <= clock_timestamp()
        OR (SELECT count(*) FROM workflows_approvalvote v WHERE v.approval_id = NEW.id AND v.choice = 'approve'
            AND v.payload_hash = NEW.payload_hash AND v.effective_at <= clock_timestamp()) < NEW.quorum
        OR EXISTS (SELECT FROM workflows_approvalvote v WHERE v.approval_id = NEW.id AND v.choice = 'deny'
            AND v.effective_at <= clock_timestamp())
    ) THEN
        RAISE EXCEPTION 'an approval needs its quorum of votes for exactly its bytes, in time, and no refusal'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflows_approval_guard BEFORE INSERT OR UPDATE ON workflows_approval FOR EACH ROW
EXECUTE FUNCTION workflows_approval_guard();
CREATE TRIGGER workflows_approvalvote_never_changes BEFORE UPDATE ON workflows_approvalvote FOR EACH ROW
EXECUTE FUNCTION workflows_refuse('a vote never changes');
CREATE TRIGGER workflows_allowrule_only_ends BEFORE UPDATE ON workflows_allowrule FOR EACH ROW
WHEN (ROW(OLD.kind, OLD."values", OLD.types, OLD.amount_minor, OLD.currency, OLD.reason, OLD.made_by, OLD.created_at, OLD.expires_at)
      IS DISTINCT FROM
      ROW(NEW.kind, NEW."values", NEW.types, NEW.amount_minor, NEW.currency, NEW.reason, NEW.made_by, NEW.created_at, NEW.expires_at)
      OR OLD.ended_at IS NOT NULL AND OLD.ended_at IS DISTINCT FROM NEW.ended_at)
EXECUTE FUNCTION workflows_refuse('a rule is ended and made anew, never changed');
"""
UNDO = """
DROP TRIGGER workflows_allowrule_only_ends ON workflows_allowrule;
DROP TRIGGER workflows_approvalvote_never_changes ON workflows_approvalvote;
DROP TRIGGER workflows_approval_guard ON workflows_approval;
DROP FUNCTION workflows_approval_guard();
DROP TRIGGER workflows_effect_stays_held ON workflows_effect;
DROP TRIGGER workflows_effect_begins_unsent ON workflows_effect;
DROP TRIGGER workflows_effect_needs_approval ON workflows_effect;
DROP FUNCTION workflows_effect_needs_approval();
DROP TRIGGER workflows_effect_request_is_frozen ON workflows_effect;
CREATE TRIGGER workflows_effect_request_is_frozen BEFORE UPDATE ON workflows_effect FOR EACH ROW
WHEN (OLD.effect_class <> 'metered' AND OLD.request_hash <> NEW.request_hash)
EXECUTE FUNCTION workflows_refuse('the request of an effect is frozen with its intent');
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0010_ask_people")]

    operations = [migrations.RunSQL(sql=SEND + DECIDE, reverse_sql=UNDO)]
