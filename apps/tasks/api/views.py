"""The task endpoints. Each view names its permission; the service behind it says no a second time."""

import re
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.guards import HasPermission
from apps.core.api import StrictJSONParser
from apps.core.errors import InvalidInput
from apps.tasks import facade
from apps.tasks.api import serializers as out
from apps.tasks.contracts import NewAttachment
from apps.tasks.enums import TaskSource

KEY_HEADER = "Idempotency-Key"
KEY_FORM = re.compile(r"[\x21-\x7e]{1,120}\Z")
KEY_PARAMETER = OpenApiParameter(
    KEY_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Up to 120 printable characters. The same key again returns the first call's task and starts nothing.",
)


def idempotency_key(request: Request) -> str:
    """The caller's key, empty when there is none. Raises ``InvalidInput`` for one of the wrong form."""
    key = str(request.headers.get(KEY_HEADER, ""))
    if key and not KEY_FORM.match(key):
        raise InvalidInput(fields={KEY_HEADER: _("Use 1 to 120 printable ASCII characters without spaces.")})
    return key


def checked(serializer_type: type, data: Any) -> dict[str, Any]:
    """The validated input of a call. Raises DRF's ``ValidationError``."""
    serializer = serializer_type(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class TaskListView(APIView):
    """The list, newest first, and the door for new tasks."""

    parser_classes: ClassVar[list[type]] = [StrictJSONParser, MultiPartParser]

    permission_classes: ClassVar[list[Any]] = [HasPermission.by_method(GET="tasks.view", POST="tasks.create")]

    @extend_schema(operation_id="tasks_list", parameters=[out.TaskQuerySerializer], responses=out.TaskPageSerializer)
    def get(self, request: Request) -> Response:
        """Tasks of the workspace by state, type and text."""
        page = facade.list_tasks(**checked(out.TaskQuerySerializer, request.query_params.dict()))
        return Response(out.TaskPageSerializer({"results": page.rows, "next": page.next}).data)

    @extend_schema(
        operation_id="tasks_create",
        parameters=[KEY_PARAMETER],
        request=out.NewTaskSerializer,
        responses={201: out.TaskSerializer},
    )
    def post(self, request: Request) -> Response:
        """Send in a task; its answer comes later under the same id."""
        data = checked(out.NewTaskSerializer, request.data)
        files = [NewAttachment(name=entry.name, file=entry) for entry in data.pop("attachments")]
        task = facade.submit_task(
            source=TaskSource.API,
            attachments=files,
            requested_by=request.user.pk,
            idempotency_key=idempotency_key(request),
            **data,
        )
        return Response(out.TaskSerializer(task).data, status=201)


class TaskDetailView(APIView):
    """One task."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("tasks.view")]

    @extend_schema(operation_id="tasks_retrieve", responses=out.TaskSerializer)
    def get(self, request: Request, task_id: UUID) -> Response:
        """The task with its answer, scores, cost and timeline."""
        return Response(out.TaskSerializer(facade.get_task(task_id)).data)


class TaskReviewView(APIView):
    """A person's decision."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("tasks.review")]

    @extend_schema(operation_id="tasks_review", request=out.DecisionSerializer, responses=out.TaskSerializer)
    def post(self, request: Request, task_id: UUID) -> Response:
        """Approve, edit, reject or ask for another version. The first decision counts; later ones get 409."""
        data = checked(out.DecisionSerializer, request.data)
        return Response(out.TaskSerializer(facade.decide_review(task_id=task_id, user_id=request.user.pk, **data)).data)


class TaskRetryView(APIView):
    """Start a failed task again."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("runs.replay")]

    @extend_schema(operation_id="tasks_retry", request=out.NothingSerializer, responses=out.TaskSerializer)
    def post(self, request: Request, task_id: UUID) -> Response:
        """Go on where it stopped; 409 when the task is not failed."""
        checked(out.NothingSerializer, request.data)
        return Response(out.TaskSerializer(facade.retry_task(task_id=task_id, user_id=request.user.pk)).data)


class TaskCancelView(APIView):
    """End a task."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("tasks.cancel")]

    @extend_schema(operation_id="tasks_cancel", request=out.CancelSerializer, responses=out.TaskSerializer)
    def post(self, request: Request, task_id: UUID) -> Response:
        """Cancel; 409 when the task is closed already."""
        data = checked(out.CancelSerializer, request.data)
        return Response(out.TaskSerializer(facade.cancel_task(task_id=task_id, user_id=request.user.pk, **data)).data)


class TaskAttachmentView(APIView):
    """A file of a task."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("tasks.view")]

    @extend_schema(operation_id="tasks_attachment", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, task_id: UUID, attachment_id: UUID) -> FileResponse:
        """The file as it was sent, always as a download."""
        view, file = facade.open_attachment(task_id=task_id, attachment_id=attachment_id)
        return FileResponse(file, as_attachment=True, filename=view.name, content_type="application/octet-stream")


class TaskTypeListView(APIView):
    """Task types."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("tasks.view")]

    @extend_schema(operation_id="task_types_list", responses=out.TaskTypeSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Types that may be asked for."""
        return Response(out.TaskTypeSerializer(facade.list_task_types(), many=True).data)
