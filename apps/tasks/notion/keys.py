"""Names shared by what reads and what writes Notion rows."""

QUEUE = "automation_queue"
LOG = "automation_log"
JOBS = "job_log"
CLIENTS = "clients"
STATUS_BOARD = "status_board"
OPERATIONS = "operations_monitor"
REGIONS = "regional_compliance"

STATUS_NEW, STATUS_WORKING, STATUS_PERSON = "New", "Processing", "Waiting Human"
STATUS_DONE, STATUS_FAILED, STATUS_CANCELLED = "Done", "Failed", "Cancelled"
STATUSES = (STATUS_NEW, STATUS_WORKING, STATUS_PERSON, STATUS_DONE, STATUS_FAILED, STATUS_CANCELLED)

STATUS_OF_STATE = {
    "new": STATUS_WORKING,
    "running": STATUS_WORKING,
    "review": STATUS_PERSON,
    "done": STATUS_DONE,
    "failed": STATUS_FAILED,
    "cancelled": STATUS_CANCELLED,
}
LOG_STATUS_OF_STATE = {
    "new": "Processing",
    "running": "Processing",
    "review": "Review",
    "done": "Success",
    "failed": "Error",
    "cancelled": "Warning",
}


def row_ref(page_id: str) -> str:
    """Our reference to a queue row a person wrote in Notion."""
    return f"row:{page_id}"


def task_ref(task_id: object) -> str:
    """Our reference to a queue row made for a task from elsewhere."""
    return f"task:{task_id}"
