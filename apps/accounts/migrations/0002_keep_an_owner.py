"""A tenant that has people keeps at least one owner, whatever code removes or demotes them."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION public.accounts_keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM public.tenants_tenant WHERE id = OLD.tenant_id AND status NOT IN ('deleting', 'deleted') FOR UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM public.accounts_membership WHERE tenant_id = OLD.tenant_id AND role = 'owner'
    ) THEN
        RAISE EXCEPTION 'tenant % would be left without an owner', OLD.tenant_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_membership_keeps_an_owner';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_membership_keeps_an_owner
    AFTER DELETE OR UPDATE OF role, tenant_id ON public.accounts_membership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION public.accounts_keep_an_owner();
"""
BACKWARDS = """
DROP TRIGGER accounts_membership_keeps_an_owner ON public.accounts_membership;
DROP FUNCTION public.accounts_keep_an_owner();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("tenants", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
