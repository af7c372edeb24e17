"""Prompts over HTTP: write, publish, go back, try on cases, read what came of each version."""

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.ai.enums import Quality, TestRunState, TestState
from apps.ai.models import Prompt, PromptCase, PromptTestRun, PromptVersion
from apps.ai.prompts import library, results, testing, wording
from apps.ai.prompts.results import Results
from apps.core.api import StrictJSONParser, StrictSerializer

LOOK, CHANGE = "workflows.view", "prompts.manage"
SLUG = r"^[a-z][a-z0-9-]{0,59}$"


class VariableSerializer(StrictSerializer):
    """A ``{{name}}`` of the request; without a value it is empty when ``optional``, else an error."""

    name = serializers.CharField(max_length=40)
    note = serializers.CharField(max_length=wording.MAX_NOTE, required=False, allow_blank=True, default="")
    optional = serializers.BooleanField(required=False, default=False)


class DraftSerializer(StrictSerializer):
    """A wording. Variables stand in ``user`` only; describing them is optional."""

    title = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    system = serializers.CharField(max_length=wording.MAX_SYSTEM, required=False, allow_blank=True, default="")
    user = serializers.CharField(max_length=wording.MAX_USER)
    variables = VariableSerializer(many=True, required=False, default=list)


class NewPromptSerializer(DraftSerializer):
    """A wording and the name steps call it by; made from the title when it is left out."""

    slug = serializers.RegexField(SLUG, required=False, default="")


class ChangedDraftSerializer(DraftSerializer):
    """Another wording for the draft that was at ``revision``."""

    revision = serializers.IntegerField(min_value=1, help_text="Of the draft you changed; 409 when it moved on.")


class PublishSerializer(StrictSerializer):
    """Which draft becomes a version, and why."""

    revision = serializers.IntegerField(min_value=1)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class VersionSerializer(serializers.Serializer[Any]):
    """A published wording; it never changes."""

    number = serializers.IntegerField()
    system = serializers.CharField()
    user = serializers.CharField()
    variables = VariableSerializer(many=True)
    note = serializers.CharField()
    created_by = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class PromptSerializer(serializers.Serializer[Any]):
    """A prompt with its draft. ``current`` is the version steps get that name it without a number."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    system = serializers.CharField()
    user = serializers.CharField()
    variables = VariableSerializer(many=True)
    revision = serializers.IntegerField()
    current = serializers.IntegerField(source="current.number", default=None, allow_null=True)
    archived_at = serializers.DateTimeField(allow_null=True)
    updated_by = serializers.IntegerField(allow_null=True)
    updated_at = serializers.DateTimeField()


class PromptPageSerializer(serializers.Serializer[Any]):
    """All of them by title; there are at most 500."""

    results = PromptSerializer(many=True)


class VersionPageSerializer(serializers.Serializer[Any]):
    """Versions, newest first."""

    results = VersionSerializer(many=True)


class OutcomeSerializer(serializers.Serializer[Any]):
    """What came of a version in the last 30 days. Verdicts are of runs in which it alone was at work; tests are left out."""

    number = serializers.IntegerField()
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Without the unpriced calls.")
    unpriced = serializers.IntegerField()
    latency_ms = serializers.IntegerField(allow_null=True)
    verdicts = serializers.IntegerField()
    passed = serializers.IntegerField()
    score = serializers.IntegerField(allow_null=True, help_text="Mean of the verdicts.")


class OutcomePageSerializer(serializers.Serializer[Any]):
    """One line per version, newest first."""

    results = OutcomeSerializer(many=True)


class CaseSerializer(StrictSerializer):
    """An example: values for the variables, and what the answer must fulfil (``kind`` and ``value`` of each check)."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120)
    values = serializers.DictField(child=serializers.CharField(max_length=50_000, allow_blank=True, trim_whitespace=False),
                                   required=False, default=dict)  # fmt: skip
    checks = serializers.ListField(child=serializers.DictField(), required=False, default=list, max_length=20)
    min_score = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True, default=None)


class CasePageSerializer(serializers.Serializer[Any]):
    """In the order they were added; at most 50."""

    results = CaseSerializer(many=True)


class StartTestsSerializer(StrictSerializer):
    """What is tried: ``version`` null is the draft; ``model`` empty is the workspace's route."""

    version = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    model = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    quality = serializers.ChoiceField(choices=Quality.values, required=False, default=Quality.STANDARD.value)


class TestResultSerializer(serializers.Serializer[Any]):
    """What one case gave."""

    __test__ = False
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=TestState.choices)
    answer = serializers.CharField()
    findings = serializers.ListField(child=serializers.DictField())
    score = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()
    model = serializers.CharField()
    cost_micros = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True)


class TestRunSerializer(serializers.Serializer[Any]):
    """A run of the tests; ``results`` fill up while it is running."""

    __test__ = False
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=TestRunState.choices)
    cases = serializers.IntegerField()
    passed = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    results = serializers.SerializerMethodField()

    @extend_schema(responses=TestResultSerializer(many=True))
    def get_results(self, run: PromptTestRun) -> list[dict[str, Any]]:
        """In the order of the cases."""
        return list(TestResultSerializer(run.results.order_by("position"), many=True).data)


def _checked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class PromptView(APIView):
    """Base: JSON in, people who may look may read, people who may change prompts may write."""

    parser_classes = [StrictJSONParser]
    permission_classes = [
        HasPermission.by_method(GET=LOOK, POST=CHANGE, PUT=CHANGE, DELETE=CHANGE)
    ]  # fmt: skip


class PromptListView(PromptView):
    """The library."""

    @extend_schema(operation_id="prompts_list", responses=PromptPageSerializer)
    def get(self, request: Request) -> Response:
        """The workspace's prompts; ``?archived=true`` those that are no longer offered."""
        rows = library.list_prompts(archived=request.query_params.get("archived") == "true")
        return Response(PromptPageSerializer({"results": rows}).data)

    @extend_schema(operation_id="prompts_create", request=NewPromptSerializer, responses={201: PromptSerializer})
    def post(self, request: Request) -> Response:
        """A new draft; 409 when the name is taken."""
        made = library.create_prompt(**_checked(NewPromptSerializer, request), user_id=request.user.pk)
        return Response(PromptSerializer(library.get_prompt(made.slug)).data, status=201)


class PromptDetailView(PromptView):
    """One prompt."""

    @extend_schema(operation_id="prompts_retrieve", responses=PromptSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """With its draft."""
        return Response(PromptSerializer(library.get_prompt(slug)).data)

    @extend_schema(operation_id="prompts_save", request=ChangedDraftSerializer, responses=PromptSerializer)
    def put(self, request: Request, slug: str) -> Response:
        """Put another wording into the draft; what is published stays. 409 when somebody saved in between."""
        saved = library.save_draft(slug, **_checked(ChangedDraftSerializer, request), user_id=request.user.pk)
        return Response(PromptSerializer(saved).data)

    @extend_schema(operation_id="prompts_archive", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Offer it no longer. What names it goes on working; ``restore`` brings it back."""
        library.archive_prompt(slug)
        return Response(status=204)


class PromptRestoreView(PromptView):
    """Back from the archive."""

    @extend_schema(operation_id="prompts_restore", request=None, responses=PromptSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Offer it again."""
        return Response(PromptSerializer(library.restore_prompt(slug)).data)


class VersionListView(PromptView):
    """Published wordings."""

    @extend_schema(operation_id="prompt_versions_list", responses=VersionPageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """All versions, newest first."""
        return Response(VersionPageSerializer({"results": _versions(library.get_prompt(slug))}).data)

    @extend_schema(
        operation_id="prompt_versions_publish", request=PublishSerializer, responses={201: VersionSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Publish the draft and make it current; 409 when it moved on or says what the current version says."""
        made = library.publish_prompt(slug, **_checked(PublishSerializer, request), user_id=request.user.pk)
        return Response(VersionSerializer(made).data, status=201)


class VersionUseView(PromptView):
    """Going back."""

    @extend_schema(operation_id="prompt_versions_use", request=None, responses=PromptSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Make this version the current one."""
        library.use_version(slug, number, user_id=request.user.pk)
        return Response(PromptSerializer(library.get_prompt(slug)).data)


class OutcomeListView(PromptView):
    """What came of it."""

    @extend_schema(operation_id="prompt_results_list", responses=OutcomePageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """One line per version."""
        numbers = [version.number for version in _versions(library.get_prompt(slug))]
        found = results.results_of(f"{slug}@{number}" for number in numbers)
        rows = [
            {name: getattr(found.get(f"{slug}@{number}", Results(label=slug)), name) for name in OUTCOME}
            | {"number": number}
            for number in numbers
        ]
        return Response(OutcomePageSerializer({"results": rows}).data)


class CaseListView(PromptView):
    """Cases every wording must get right."""

    @extend_schema(operation_id="prompt_cases_list", responses=CasePageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """All cases."""
        return Response(CasePageSerializer({"results": testing.list_cases(library.get_prompt(slug))}).data)

    @extend_schema(operation_id="prompt_cases_create", request=CaseSerializer, responses={201: CaseSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Another case."""
        prompt = library.get_prompt(slug)
        return Response(CaseSerializer(testing.save_case(prompt, **_checked(CaseSerializer, request))).data, status=201)


class CaseDetailView(PromptView):
    """One case."""

    @extend_schema(operation_id="prompt_cases_retrieve", responses=CaseSerializer)
    def get(self, request: Request, slug: str, case_id: UUID) -> Response:
        """The case."""
        return Response(CaseSerializer(self._case(slug, case_id)).data)

    @extend_schema(operation_id="prompt_cases_replace", request=CaseSerializer, responses=CaseSerializer)
    def put(self, request: Request, slug: str, case_id: UUID) -> Response:
        """Put another one in its place; results of earlier runs keep what it was."""
        case = self._case(slug, case_id)
        return Response(
            CaseSerializer(testing.save_case(case.prompt, **_checked(CaseSerializer, request), case=case)).data
        )

    @extend_schema(operation_id="prompt_cases_delete", responses={204: None})
    def delete(self, request: Request, slug: str, case_id: UUID) -> Response:
        """Remove it."""
        testing.delete_case(self._case(slug, case_id))
        return Response(status=204)

    def _case(self, slug: str, case_id: UUID) -> PromptCase:
        return testing.get_case(library.get_prompt(slug), case_id)


class TestRunListView(PromptView):
    """Runs of the tests."""

    __test__ = False

    @extend_schema(operation_id="prompt_tests_start", request=StartTestsSerializer, responses={202: TestRunSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Try all cases with real calls; 409 while they are running already."""
        told = _checked(StartTestsSerializer, request)
        prompt = library.get_prompt(slug)
        number = told.pop("version")
        version = library.get_version(prompt, number) if number is not None else None
        run = testing.start_tests(prompt, version=version, **told, user_id=request.user.pk)
        return Response(TestRunSerializer(testing.get_run(prompt, run.pk)).data, status=202)


class TestRunDetailView(PromptView):
    """One run."""

    __test__ = False

    @extend_schema(operation_id="prompt_tests_retrieve", responses=TestRunSerializer)
    def get(self, request: Request, slug: str, run_id: UUID) -> Response:
        """What each case gave so far."""
        return Response(TestRunSerializer(testing.get_run(library.get_prompt(slug), run_id)).data)

    @extend_schema(operation_id="prompt_tests_stop", responses=TestRunSerializer)
    def delete(self, request: Request, slug: str, run_id: UUID) -> Response:
        """Ask no more; what was found stays. Stopping an ended run changes nothing."""
        return Response(TestRunSerializer(testing.stop_tests(library.get_prompt(slug), run_id)).data)


OUTCOME = ("calls", "failed", "cost_micros", "unpriced", "latency_ms", "verdicts", "passed", "score")


def _versions(prompt: Prompt) -> list[PromptVersion]:
    return list(prompt.versions.order_by("-number"))


app_name = "prompts_api"
urlpatterns = [
    path("prompts/", PromptListView.as_view(), name="prompt_list"),
    path("prompts/<slug:slug>/", PromptDetailView.as_view(), name="prompt_detail"),
    path("prompts/<slug:slug>/restore/", PromptRestoreView.as_view(), name="prompt_restore"),
    path("prompts/<slug:slug>/versions/", VersionListView.as_view(), name="version_list"),
    path("prompts/<slug:slug>/versions/<int:number>/use/", VersionUseView.as_view(), name="version_use"),
    path("prompts/<slug:slug>/results/", OutcomeListView.as_view(), name="result_list"),
    path("prompts/<slug:slug>/cases/", CaseListView.as_view(), name="case_list"),
    path("prompts/<slug:slug>/cases/<uuid:case_id>/", CaseDetailView.as_view(), name="case_detail"),
    path("prompts/<slug:slug>/tests/", TestRunListView.as_view(), name="run_list"),
    path("prompts/<slug:slug>/tests/<uuid:run_id>/", TestRunDetailView.as_view(), name="run_detail"),
]
