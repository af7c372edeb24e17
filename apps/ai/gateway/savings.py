"""Whether a ``downgrade`` budget around a call runs low, so that a cheaper model should answer."""

from __future__ import annotations

from apps.ai import conf
from apps.ai.gateway.ledger import Payers
from apps.core.prepared import Prepared

LOW = Prepared(
    name="ai_savings",
    types=("text[]", "text[]", "int"),
    sql="""
SELECT 1
FROM ai_budget b
JOIN unnest($1, $2) AS w(scope, subject) ON w.scope = b.scope AND b.subject IN (w.subject, '*')
JOIN ai_budgetcounter c ON c.budget_id = b.id AND c.subject = w.subject
 AND c.period_start = CASE b.period WHEN 'day' THEN (now() AT TIME ZONE 'UTC')::date
                                    WHEN 'month' THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date
                                    ELSE DATE '2000-01-01' END
WHERE b.action = 'downgrade' AND (c.spent_micros + c.reserved_micros) * 100 >= b.cap_micros * $3
LIMIT 1""",
)


def is_saving(payers: Payers) -> bool:
    """True when spent and reserved money of such a budget has reached the configured part of its cap."""
    scopes = payers.scopes()
    found = LOW.run([[scope for scope, _ in scopes], [subject for _, subject in scopes], conf.DOWNGRADE_AT_PERCENT])
    return found is not None
