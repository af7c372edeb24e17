"""The thirteen Notion databases, declared once; the connector creates, checks and repairs them from here.

They follow the original product's databases. Where the original contradicted itself, this is what holds:

- Automation Queue: the shape with ``Task Name`` and the ``Trigger`` check box. The second, incompatible shape gave its
  ``Priority`` and due date. Of the status values only the six that something really sets are kept; values already in a
  database stay untouched.
- Automation Log: the title is ``Task`` (the original's writer said ``Log Entry``, its checker ``Task``).
- Operations Monitor, Forecast and Growth kept their date in the *title*, which Notion cannot filter by date: they get a
  ``Name`` title and a real date column ``Date`` (``Timestamp`` for the monitor).
- Percent columns hold fractions, as Notion's percent format expects (the original's writer stored 0-100).
- Finance lists all five currencies of the product. Partners shows the first characters of a key, never its hash.
- Status board: low quality means under the task's own target; the original counted under 93 while passing at 80.
- The original's unlisted fourteenth database (subject requests) belongs to compliance and is not one of the thirteen.

People write the "in" columns, we write the "out" columns. What has no rows of ours yet is created and stays empty.
"""

from apps.connectors.contracts import DatabaseSpec
from apps.tasks.enums import Priority
from apps.tasks.notion import inbox, keys
from apps.tasks.notion.columns import column
from apps.tasks.notion.enterprise import ENTERPRISE

TYPES = ("Research", "Drafting", "Data-transform", "Transcription", "Other")


QUEUE = DatabaseSpec(
    key=keys.QUEUE,
    title="Automation Queue",
    env_name="AUTOMATION_QUEUE_DB_ID",
    position=1,
    poll=True,
    note="Sync Note",
    description="Write a row, tick Trigger, and the answer comes back into it.",
    on_change=inbox.queue_changed,
    on_removed=inbox.queue_removed,
    properties=(
        column("Task Name", "title", direction="in"),
        column("Description", "rich_text", direction="in", about="What should be done, with everything it needs."),
        column(
            "Trigger", "checkbox", direction="both", about="Tick to start. It is unticked when the answer is there."
        ),
        column("Status", "select", *keys.STATUSES, direction="both"),
        column("Task Type", "select", *TYPES, direction="in"),
        column("Priority", "select", *[str(choice.label) for choice in Priority], direction="in"),
        column("Due", "date", direction="in"),
        column(
            "QA Target", "number", direction="in", about="Score from 1 to 100 this row must reach; empty: the type's."
        ),
        column("Client", "relation", direction="in", to=keys.CLIENTS),
        column("Owner Email", "email", direction="in"),
        column("Client Email", "email", direction="in"),
        column("Client Rate USD/min", "number", direction="in"),
        column("Result Summary", "rich_text"),
        column("QA Score", "number"),
        column("Cost", "number", about="US dollars, every model call included."),
        column("Model", "rich_text"),
        column("Commit", "rich_text"),
        column("Task", "url", about="The task in EchoPilot."),
        column("Sync Note", "rich_text", about="Says so when a cell was changed on both sides."),
    ),
)

LOG = DatabaseSpec(
    key=keys.LOG,
    title="Automation Log",
    env_name="AUTOMATION_LOG_DB_ID",
    position=2,
    properties=(
        column("Task", "title"),
        column("Status", "select", "Processing", "Success", "Review", "Error", "Warning"),
        column("Message", "rich_text"),
        column("Details", "rich_text"),
        column("Timestamp", "date"),
        column("Commit", "rich_text"),
    ),
)

JOBS = DatabaseSpec(
    key=keys.JOBS,
    title="Job Log",
    env_name="JOB_LOG_DB_ID",
    position=3,
    properties=(
        column("Job Name", "title"),
        column("QA Score", "number"),
        column("Cost", "number"),
        column("Status", "select", "Done", "Failed", "Cancelled"),
        column("Notes", "rich_text"),
        column("Timestamp", "date"),
        column("Commit", "rich_text"),
        column("Task Type", "select", *TYPES),
        column("Duration (ms)", "number"),
        column("Tokens", "number"),
        column("Tokens In", "number"),
        column("Tokens Out", "number"),
        column("Model", "rich_text"),
        column("Client", "rich_text"),
        column("Revisions", "number"),
        column("Payment Link", "url"),
        column("Payment Status", "select", "Unpaid", "Paid", "Cancelled"),
        column("Client Rate USD/min", "number"),
        column("Gross USD", "number"),
        column("Profit USD", "number"),
        column("Margin %", "number", number="percent"),
        column("Owner Email", "email"),
    ),
)

CLIENTS = DatabaseSpec(
    key=keys.CLIENTS,
    title="Clients",
    env_name="NOTION_CLIENT_DB_ID",
    position=4,
    poll=True,
    on_change=inbox.client_changed,
    on_removed=inbox.client_removed,
    properties=(
        column("Client Name", "title", direction="in"),
        column("Email", "email", direction="in"),
        column("Rate USD/min", "number", direction="in"),
        column("Active", "checkbox", direction="in"),
        column("Notes", "rich_text", direction="in"),
    ),
)

STATUS_BOARD = DatabaseSpec(
    key=keys.STATUS_BOARD,
    title="Status Board",
    env_name="NOTION_STATUS_DB_ID",
    position=5,
    properties=(
        column("Name", "title"),
        column("When", "date"),
        column("OK", "checkbox"),
        column("Jobs (24h)", "number"),
        column("Avg QA (24h)", "number"),
        column("Low-QA Count", "number"),
        column("Commit", "rich_text"),
        column("Branch", "rich_text"),
        column("Notes", "rich_text"),
    ),
)

DATABASES = (QUEUE, LOG, JOBS, CLIENTS, STATUS_BOARD, *ENTERPRISE)
