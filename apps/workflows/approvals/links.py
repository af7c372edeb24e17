"""Links in mails to one person about one question: signed, ending with the question, good for nothing but showing its page."""

from uuid import UUID

from django.core import signing

from apps.tenants.facade import current_tenant
from apps.workflows.approvals.models import Approval

SALT = "workflows.approvals.link"
LONGEST_S = 90 * 86_400


def make_link(row: Approval, *, user_id: int) -> str:
    """A token for this person, this question and these bytes."""
    stated = [current_tenant().id, str(row.pk), user_id, row.payload_hash[:16], int(row.expires_at.timestamp())]
    return signing.dumps(stated, salt=SALT, compress=True)


def read_link(token: str) -> tuple[UUID, int]:
    """Question and person. Raises ``BadSignature`` for a token that was altered, is too old or of another place."""
    tenant_id, approval_id, user_id, digest, _until = signing.loads(token, salt=SALT, max_age=LONGEST_S)
    row = Approval.objects.filter(pk=approval_id).values_list("payload_hash", flat=True).first()
    if tenant_id != current_tenant().id or row is None or row[:16] != digest:
        raise signing.BadSignature("not for this place")
    return UUID(approval_id), int(user_id)
