"""What a failed attempt means for its item. Decided by what the error says about itself, not by where it came from."""

import psycopg2
from django import db

from apps.core.errors import InvalidInput, NotAllowed, NotFound, PlatformError
from apps.dispatch.backoff import full_jitter, retry_delay
from apps.dispatch.conf import DispatchConf
from apps.dispatch.contracts import ClaimedWork, Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.session import DatabaseAway, is_transient

FINAL = (InvalidInput, NotAllowed, NotFound)
DATABASE_PAUSE_S = 2.0
GATE_PAUSE_S = 60.0


def is_database_away(error: BaseException) -> bool:
    """Whether the database could not be talked to; says nothing about the item."""
    if isinstance(error, DatabaseAway):
        return True
    if isinstance(error, db.OperationalError | db.InterfaceError):
        return is_transient(error) and not _is_about_the_statement(error.__cause__)
    return isinstance(error, psycopg2.Error) and is_transient(error) and not _is_about_the_statement(error)


def _is_about_the_statement(error: object) -> bool:
    code = getattr(error, "pgcode", None) or ""
    return code.startswith(("40", "55P03", "57014", "25", "53100"))


def settlement_after(error: BaseException, *, work: ClaimedWork, conf: DispatchConf) -> Settlement:
    """Try again (counted, full jitter), try again uncounted (the database was away), or give up."""
    code = getattr(error, "code", "") if isinstance(error, PlatformError) else "unexpected_error"
    evidence = {"error": {"type": type(error).__name__, "attempt": work.attempt}}
    if is_database_away(error):
        return Settlement(
            work_id=work.id,
            fence=work.fence,
            to=WorkState.READY,
            count_attempt=False,
            error_code="database_away",
            delay_s=full_jitter(attempt=1, base_s=DATABASE_PAUSE_S, cap_s=DATABASE_PAUSE_S),
        )
    if isinstance(error, FINAL) and not error.retryable:
        return Settlement(work_id=work.id, fence=work.fence, to=WorkState.DEAD, error_code=code, evidence=evidence)
    delay = retry_delay(
        attempt=work.attempt,
        retry_after=getattr(error, "retry_after", None),
        base_s=conf.backoff_base_s,
        cap_s=conf.backoff_cap_s,
        retry_after_cap_s=conf.retry_after_cap_s,
    )
    return Settlement(
        work_id=work.id, fence=work.fence, to=WorkState.READY, delay_s=delay, error_code=code, evidence=evidence
    )


def settlement_at_gate(error: PlatformError, *, work: ClaimedWork, conf: DispatchConf) -> Settlement:
    """The tenant could not be entered: gone means cancelled, anything else means later, without using up an attempt."""
    if is_database_away(error):
        return settlement_after(error, work=work, conf=conf)
    if isinstance(error, NotFound):
        return Settlement(work_id=work.id, fence=work.fence, to=WorkState.CANCELLED, error_code=error.code)
    return Settlement(
        work_id=work.id,
        fence=work.fence,
        to=WorkState.READY,
        delay_s=GATE_PAUSE_S,
        count_attempt=False,
        error_code=error.code,
    )
