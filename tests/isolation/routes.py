"""Every address of a tenant's host, from the resolver, and what a foreign and an unknown id are for each of them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from apps.tenants.contracts import TenantRef
from tests import transactions

UNKNOWN_UUID = uuid.UUID("01890000-0000-7000-8000-00000000dead")
UNKNOWN_INT = 2_000_000_000
FOREIGN_INT = 777_000_001
CANARY = "canary-7f3a9c51e0"


@dataclass(frozen=True)
class Route:
    """One address: its name with namespaces and the names of its parameters."""

    name: str
    template: str
    parameters: tuple[str, ...]

    def path(self, values: dict[str, Any]) -> str:
        """The address with its parameters filled in."""
        text = self.template
        for parameter in self.parameters:
            text = text.replace(f"{{{parameter}}}", str(values[parameter]))
        return text


@dataclass(frozen=True)
class Victim:
    """What globex has that acme must not reach."""

    tenant: TenantRef
    task: uuid.UUID
    run: uuid.UUID
    effect: uuid.UUID
    workflow: str
    what_if: uuid.UUID
    proposal: uuid.UUID
    attachment: uuid.UUID
    membership: int
    invitation: int
    invitation_token: str
    export: int
    api_session: uuid.UUID
    authenticator: int
    browser_session: int
    staff_access: int
    webhook_key: str
    connection: uuid.UUID
    chat: uuid.UUID
    conflict: uuid.UUID
    call: uuid.UUID
    conversation: uuid.UUID
    suggestion: uuid.UUID
    prompt_slug: str
    prompt_case: uuid.UUID
    prompt_run: uuid.UUID
    budget: int
    trigger: uuid.UUID
    firing: uuid.UUID
    hook_key: str
    approval: uuid.UUID
    approval_token: str
    rule: uuid.UUID
    deputy: uuid.UUID
    mail_key: str
    endpoint: uuid.UUID
    delivery: int
    secret: uuid.UUID


def routes(urlconf: str = "echopilot.urls_tenant") -> list[Route]:
    """All of them but the record lists for staff inside a workspace: nobody else finds those (tests/core/test_back_office.py)."""
    return [route for route in _walk(get_resolver(urlconf), (), "") if not route.template.startswith("/admin/")]


def _walk(resolver: URLResolver, namespaces: tuple[str, ...], prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _walk(entry, inner, prefix + _template(entry))
        elif isinstance(entry, URLPattern):
            template = "/" + prefix + _template(entry)
            names = tuple(part.partition("}")[0] for part in template.split("{")[1:])
            yield Route(name=":".join((*namespaces, entry.name or template)), template=template, parameters=names)


def _template(entry: URLPattern | URLResolver) -> str:
    """``<uuid:task_id>`` and ``(?P<key>…)`` as ``{name}``."""
    ((template, _names),) = entry.pattern.regex and _possibilities(entry)
    return template


def _possibilities(entry: URLPattern | URLResolver) -> list[tuple[str, list[str]]]:
    from django.utils.regex_helper import normalize

    return [(text.replace("%(", "{").replace(")s", "}").replace("%%", "%"), names)
            for text, names in normalize(entry.pattern.regex.pattern)][:1]  # fmt: skip


# What to put for each parameter: (foreign, unknown). An address with a parameter that is not listed here fails the test.
DECLARED: dict[str, Callable[[Victim], dict[str, tuple[object, object]]]] = {
    "tasks:task_detail": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:task_review": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:task_retry": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:task_cancel": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:task_cancel_undo": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:inbox_decide": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks:decision_undo": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "workflows:run_detail": lambda v: {"run_id": (v.run, UNKNOWN_UUID)},
    "workflows:run_retry": lambda v: {"run_id": (v.run, UNKNOWN_UUID)},
    "workflows:run_replay": lambda v: {"run_id": (v.run, UNKNOWN_UUID)},
    "workflows:run_cancel": lambda v: {"run_id": (v.run, UNKNOWN_UUID)},
    "workflows:run_cancel_undo": lambda v: {"run_id": (v.run, UNKNOWN_UUID)},
    **{
        f"workflows:{name}": lambda v: {"slug": (v.workflow, "no-such-one")}
        for name in ("what_if_create", "analytics", "analytics_csv", "proposal_create")
    },
    "whatif_api:what_if_list": lambda v: {"slug": (v.workflow, "no-such-one")},
    "whatif_api:what_if_detail": lambda v: {"what_if_id": (v.what_if, UNKNOWN_UUID)},
    "whatif_api:what_if_cancel": lambda v: {"what_if_id": (v.what_if, UNKNOWN_UUID)},
    "workflows:what_if_detail": lambda v: {"what_if_id": (v.what_if, UNKNOWN_UUID)},
    "workflows:what_if_cancel": lambda v: {"what_if_id": (v.what_if, UNKNOWN_UUID)},
    "workflows:proposal_detail": lambda v: {"proposal_id": (v.proposal, UNKNOWN_UUID)},
    "workflows:proposal_decide": lambda v: {"proposal_id": (v.proposal, UNKNOWN_UUID)},
    **{
        f"{place}:approval_{verb}": lambda v: {"approval_id": (v.approval, UNKNOWN_UUID)}
        for place, verbs in (
            ("workflows", ("detail", "decide", "edit", "undo")),
            ("approvals_api", ("detail", "decide")),
        )
        for verb in verbs
    },
    "workflows:approval_link": lambda v: {"token": (v.approval_token, "unknown-token")},
    **{
        f"{place}:rule_{verb}": lambda v: {"rule_id": (v.rule, UNKNOWN_UUID)}
        for place in ("workflows", "rules_api")
        for verb in ("end", "renew")
    },
    "workflows:deputy_end": lambda v: {"deputy_id": (v.deputy, UNKNOWN_UUID)},
    "workflows:effect_resolve": lambda v: {"effect_id": (v.effect, UNKNOWN_UUID)},
    **{
        f"workflows:{name}": lambda v: {"slug": (v.workflow, "unknown-workflow")}
        for name in (
            "workflow_detail",
            "workflow_states",
            "workflow_run",
            "workflow_rename",
            "workflow_export",
            "workflow_archive",
            "workflow_restore",
            "workflow_publish",
            "workflow_versions",
            "workflow_compare",
            "workflow_rollback",
            "workflow_test",
            "builder",
            "draft_change",
            "draft_undo",
            "draft_redo",
            "draft_discard",
            "draft_step",
            "draft_sample",
        )
    },
    "tasks_api:task_detail": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks_api:task_review": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks_api:task_retry": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks_api:task_cancel": lambda v: {"task_id": (v.task, UNKNOWN_UUID)},
    "tasks_api:task_attachment": lambda v: {
        "task_id": (v.task, UNKNOWN_UUID),
        "attachment_id": (v.attachment, UNKNOWN_UUID),
    },
    "connections:connection_create": lambda v: {"connector": (v.tenant.slug, "unknown")},
    "connections:catalogue_detail": lambda v: {"connector": (v.tenant.slug, "unknown")},
    "connections:chat_code": lambda v: {"connection_id": (v.connection, UNKNOWN_UUID)},
    "connections:chat_unlink": lambda v: {"chat_id": (v.chat, UNKNOWN_UUID)},
    "connections:oauth_start": lambda v: {"connector": (v.tenant.slug, "unknown")},
    **{
        f"connections:connection_{verb}": lambda v: {"connection_id": (v.connection, UNKNOWN_UUID)}
        for verb in ("detail", "reconnect", "test", "pause", "resume", "disconnect", "schema", "set_up", "read")
    },
    "assistant:conversation_detail": lambda v: {"conversation_id": (v.conversation, UNKNOWN_UUID)},
    "assistant:conversation_delete": lambda v: {"conversation_id": (v.conversation, UNKNOWN_UUID)},
    **{
        f"authoring:suggestion_{verb}": lambda v: {"suggestion_id": (v.suggestion, UNKNOWN_UUID)}
        for verb in ("detail", "retry", "take")
    },
    "library:template_detail": lambda v: {"slug": (CANARY, "no-such-template")},
    "costs:call_detail": lambda v: {"call_id": (v.call, UNKNOWN_UUID)},
    "costs:budget_edit": lambda v: {"budget_id": (v.budget, UNKNOWN_INT)},
    "costs:budget_disable": lambda v: {"budget_id": (v.budget, UNKNOWN_INT)},
    "costs:budget_restore": lambda v: {"kept": (v.tenant.slug, "unknown")},
    "prompts:builtin_detail": lambda v: {"name": (CANARY, "unknown")},
    **{
        f"prompts:{name}": lambda v: {"slug": (v.prompt_slug, "no-such-prompt")}
        for name in (
            "prompt_detail",
            "prompt_publish",
            "prompt_archive",
            "prompt_restore",
            "version_list",
            "version_compare",
            "test_list",
            "case_create",
            "run_start",
        )
    },
    **{
        f"prompts:{name}": lambda v: {"slug": (v.prompt_slug, "no-such-prompt"), "number": (1, 1)}
        for name in ("version_detail", "version_use", "version_edit")
    },
    **{
        f"prompts:case_{verb}": lambda v: {
            "slug": (v.prompt_slug, "no-such-prompt"),
            "case_id": (v.prompt_case, UNKNOWN_UUID),
        }
        for verb in ("edit", "delete")
    },
    **{
        f"prompts:run_{verb}": lambda v: {
            "slug": (v.prompt_slug, "no-such-prompt"),
            "run_id": (v.prompt_run, UNKNOWN_UUID),
        }
        for verb in ("detail", "stop")
    },
    **{
        f"prompts_api:{name}": lambda v: {"slug": (v.prompt_slug, "no-such-prompt")}
        for name in ("prompt_detail", "prompt_restore", "version_list", "result_list", "case_list", "run_list")
    },
    "prompts_api:version_use": lambda v: {"slug": (v.prompt_slug, "no-such-prompt"), "number": (1, 1)},
    "prompts_api:case_detail": lambda v: {
        "slug": (v.prompt_slug, "no-such-prompt"),
        "case_id": (v.prompt_case, UNKNOWN_UUID),
    },
    "prompts_api:run_detail": lambda v: {
        "slug": (v.prompt_slug, "no-such-prompt"),
        "run_id": (v.prompt_run, UNKNOWN_UUID),
    },
    "connections:conflict_resolve": lambda v: {"conflict_id": (v.conflict, UNKNOWN_UUID)},
    "connections:conflict_reverse": lambda v: {"conflict_id": (v.conflict, UNKNOWN_UUID)},
    **{
        f"triggers:trigger_{verb}": lambda v: {"trigger_id": (v.trigger, UNKNOWN_UUID)}
        for verb in ("detail", "off", "on", "rotate")
    },
    **{
        f"{place}:secret_{verb}": lambda v: {"secret_id": (v.secret, UNKNOWN_UUID)}
        for place, verbs in (("secrets", ("detail", "replace", "delete")), ("secrets_api", ("detail",)))
        for verb in verbs
    },
    "triggers:firing_replay": lambda v: {"firing_id": (v.firing, UNKNOWN_UUID)},
    **{
        f"webhooks:webhook_{verb}": lambda v: {"endpoint_id": (v.endpoint, UNKNOWN_UUID)}
        for verb in ("detail", "change", "test", "pause", "resume", "rotate", "remove", "replay_failed")
    },
    "webhooks_api:delivery_detail": lambda v: {"delivery_id": (v.delivery, UNKNOWN_INT)},
    "webhooks_api:delivery_replay": lambda v: {"delivery_id": (v.delivery, UNKNOWN_INT)},
    "webhooks:delivery_replay": lambda v: {"delivery_id": (v.delivery, UNKNOWN_INT)},
    "trigger_doors:webhook": lambda v: {"key": (v.hook_key, "x" * 43)},
    "trigger_doors:mail": lambda v: {"key": (v.mail_key, "x" * 43)},
    "connectors:notion_webhook": lambda v: {"key": (v.webhook_key, "x" * 43)},
    "connectors:slack_interaction": lambda v: {"key": (v.webhook_key, "x" * 43)},
    "accounts:api_session_revoke": lambda v: {"session_id": (v.api_session, UNKNOWN_UUID)},
    "accounts:session_end": lambda v: {"session_id": (v.browser_session, UNKNOWN_INT)},
    "accounts:staff_access_end": lambda v: {"access_id": (v.staff_access, UNKNOWN_INT)},
    "accounts:invitation_accept": lambda v: {"token": (v.invitation_token, "unknown-token")},
    "accounts:member_change": lambda v: {"membership_id": (v.membership, UNKNOWN_INT)},
    "accounts:member_remove": lambda v: {"membership_id": (v.membership, UNKNOWN_INT)},
    "accounts:invitation_revoke": lambda v: {"invitation_id": (v.invitation, UNKNOWN_INT)},
    "tenants:export_download": lambda v: {"export_id": (v.export, UNKNOWN_INT)},
    "mfa_remove_webauthn": lambda v: {"pk": (v.authenticator, UNKNOWN_INT)},
    "mfa_edit_webauthn": lambda v: {"pk": (v.authenticator, UNKNOWN_INT)},
    "openid_connect_login": lambda v: {"provider_id": (v.tenant.slug, "unknown")},
    "openid_connect_callback": lambda v: {"provider_id": (v.tenant.slug, "unknown")},
}


def make_victim(outsider: Any) -> Victim:
    """Give globex one of everything, each with a canary in its text."""
    from allauth.mfa.models import Authenticator
    from allauth.usersessions.models import UserSession
    from django.core.files.base import ContentFile
    from django.utils import timezone

    from apps.accounts.models import ApiSession, Invitation, Membership, StaffAccess
    from apps.accounts.services.invitations import invite
    from apps.accounts.services.tokens import start_session
    from apps.ai.models import AICall, Budget, Reservation
    from apps.ai.prompts import library, testing
    from apps.connectors.models import Connection, OutEvent, WebhookDelivery, WebhookEndpoint
    from apps.tasks.facade import submit_task
    from apps.tasks.models import Attachment, Conversation
    from apps.tenants.models import TenantExport
    from apps.tenants.storage import TenantStorage
    from apps.workflows.approvals.asking import ask
    from apps.workflows.approvals.links import make_link
    from apps.workflows.approvals.settings import Asking
    from apps.workflows.models import (
        AllowRule,
        Deputy,
        Effect,
        Proposal,
        Secret,
        Suggestion,
        Trigger,
        WhatIf,
        Workflow,
        WorkflowVersion,
    )

    with transactions.entered("globex") as tenant:
        task = submit_task(
            source="portal", title=f"Secret {CANARY}", body=f"Summarise {CANARY}", requested_by=outsider.pk
        )
        effect = Effect.objects.create(
            run_id=task.run_id, path="draft", type=CANARY, effect_class="blind", key="f" * 64, request="{}", request_hash="0" * 64, work_id=1, fence=1,
            state="review", sent_at=timezone.now(),
        )  # fmt: skip
        path = TenantStorage().save(f"{CANARY}.txt", ContentFile(CANARY.encode()))
        approval = ask(
            run_id=task.run_id, effect_id=effect.pk, path="draft", attempt=1, step_type=CANARY, title=CANARY,
            payload=f'{{"to":"{CANARY}"}}', asking=Asking(), risk_class="C", reasons=[],
        )  # fmt: skip
        deputy = Deputy.objects.create(person_id=outsider.pk, deputy_id=0, until_at=timezone.now() + timedelta(days=1))
        approval_token = make_link(approval, user_id=outsider.pk)
        rule = AllowRule.objects.create(
            kind="hosts", values=[CANARY], reason=CANARY, made_by=outsider.pk, expires_at=timezone.now() + timedelta(days=1)
        )  # fmt: skip
        attachment = Attachment.objects.create(
            task_id=task.id, name=f"{CANARY}.txt", kind="document", media_type="text/plain", size=len(CANARY), sha256="0" * 64,
            path=path,
        )  # fmt: skip
        connection = Connection.objects.create(name=CANARY, connector="notion")
        chat = connection.chats.create(chat_id="1", title=CANARY, user_id=outsider.pk)
        database = connection.databases.create(key="queue", title=CANARY, database_id="d", data_source_id="s")
        page = database.pages.create(page_id="p", local_ref=CANARY)
        held = Reservation.objects.create(key=CANARY, state="settled", amount_micros=1, counter_ids=[])
        call = AICall.objects.create(
            reservation=held,
            key=CANARY,
            ordinal=0,
            purpose="work",
            role="first",
            state="ok",
            provider=CANARY,
            model=CANARY,
        )
        Budget.objects.create(id=FOREIGN_INT, scope="workflow", subject=CANARY, cap_micros=1)
        conversation = Conversation.objects.create(user_id=outsider.pk, title=CANARY)
        suggestion = Suggestion.objects.create(user_id=outsider.pk, goal=CANARY)
        prompt = library.create_prompt(title=CANARY, slug="foreign-prompt", user=CANARY)
        library.publish_prompt(prompt.slug, revision=1, note=CANARY)
        prompt_case = testing.save_case(prompt, name=CANARY, values={}, checks=[])
        prompt_run = testing.start_tests(prompt)
        secret_flow = Workflow.objects.create(slug=CANARY, name=CANARY)
        version = WorkflowVersion.objects.create(
            workflow=secret_flow,
            number=1,
            definition={"start": "a", "steps": {"a": {"type": "set"}}},
            content_hash=CANARY,
        )
        Workflow.objects.filter(pk=secret_flow.pk).update(current=version)
        secret = Secret.objects.create(name="foreign_secret", value=CANARY, note=CANARY)
        what_if = WhatIf.objects.create(workflow=secret_flow, title=CANARY, definition=version.definition)
        proposal = Proposal.objects.create(
            workflow=secret_flow, base=version, step_id="a", error_code=CANARY, remedy="reconnect", risk_class="A", failed_runs=3,
            state="hint",
        )  # fmt: skip
        workflow = Workflow.objects.get(slug="answer")
        hook = Trigger.objects.create(
            workflow=workflow, slug="hook", kind="webhook", config={"verify": "none"}, problem=CANARY
        )
        box = Trigger.objects.create(
            workflow=workflow, slug="box", kind="email", config={"verify": "none"}, secret=CANARY
        )
        occasion = hook.firings.create(state="received", payload={"body": CANARY})
        endpoint = WebhookEndpoint.objects.create(
            name=CANARY, url=f"https://{CANARY}.example/", types=["*"], secret="whsec_x"
        )
        told = OutEvent.objects.create(
            type="webhook.test", object_key=CANARY, data={"x": CANARY}, handed_at=timezone.now()
        )
        WebhookDelivery.objects.create(
            id=FOREIGN_INT, endpoint=endpoint, event=told, object_key=CANARY, state="failed", done_at=timezone.now()
        )
        conflict = page.conflicts.create(property=CANARY, ours=CANARY, theirs="x")
        invited = invite(
            email=f"{CANARY}@globex.example",
            role="viewer",
            actor=outsider,
            tenant_name=CANARY,
            link=lambda token: token,
        )
        start_session(person=outsider, tenant_id=tenant.id, epoch=tenant.epoch, label=CANARY)
        Membership.objects.filter(user=outsider, tenant_id=tenant.id).update(id=FOREIGN_INT)
        Invitation.objects.filter(pk=invited.invitation_id).update(id=FOREIGN_INT)
        TenantExport.objects.create(
            id=FOREIGN_INT, tenant_id=tenant.id, state="ready", path=str(TenantStorage().path(path))
        )
    UserSession.objects.create(
        id=FOREIGN_INT,
        user=outsider,
        ip="127.0.0.1",
        user_agent=CANARY,
        session_key=CANARY,
        last_seen_at=timezone.now(),
    )
    StaffAccess.objects.create(
        id=FOREIGN_INT, staff=outsider, tenant_id=tenant.id, acting_as=outsider, acting_as_email=f"{CANARY}@globex.example",
        reason=CANARY, expires_at=timezone.now() + timedelta(minutes=30),
    )  # fmt: skip
    Authenticator.objects.create(
        id=FOREIGN_INT, user=outsider, type="webauthn", data={"name": CANARY, "credential": {}}
    )
    return Victim(
        tenant=tenant,
        task=task.id,
        run=task.run_id,
        workflow=CANARY,
        what_if=what_if.pk,
        proposal=proposal.pk,
        effect=effect.pk,
        attachment=attachment.pk,
        membership=FOREIGN_INT,
        invitation=FOREIGN_INT,
        invitation_token=invited.token,
        export=FOREIGN_INT,
        api_session=ApiSession.objects.get().pk,
        authenticator=FOREIGN_INT,
        browser_session=FOREIGN_INT,
        staff_access=FOREIGN_INT,
        webhook_key=connection.webhook_key,
        connection=connection.pk,
        chat=chat.pk,
        conflict=conflict.pk,
        call=call.pk,
        conversation=conversation.pk,
        suggestion=suggestion.pk,
        prompt_slug=prompt.slug,
        prompt_case=prompt_case.pk,
        prompt_run=prompt_run.pk,
        budget=FOREIGN_INT,
        trigger=hook.pk,
        firing=occasion.pk,
        hook_key=hook.address_key,
        approval=approval.pk,
        approval_token=approval_token,
        rule=rule.pk,
        deputy=deputy.pk,
        mail_key=box.address_key,
        endpoint=endpoint.pk,
        delivery=FOREIGN_INT,
        secret=secret.pk,
    )
