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

from apps.connectors.contracts import DatabaseSpec, PropertySpec
from apps.tasks.enums import Priority
from apps.tasks.notion import inbox, keys

TYPES = ("Research", "Drafting", "Data-transform", "Transcription", "Other")
CURRENCIES = ("USD", "EUR", "GBP", "INR", "PKR")


def _p(name: str, kind: str, *options: str, direction: str = "out", number: str = "number", to: str = "", about: str = "") -> PropertySpec:
    return PropertySpec(name=name, type=kind, options=options, direction=direction, number_format=number, relation_to=to, description=about)


QUEUE = DatabaseSpec(
    key=keys.QUEUE, title="Automation Queue", env_name="AUTOMATION_QUEUE_DB_ID", position=1, poll=True, note="Sync Note",
    description="Write a row, tick Trigger, and the answer comes back into it.",
    on_change=inbox.queue_changed, on_removed=inbox.queue_removed,
    properties=(
        _p("Task Name", "title", direction="in"),
        _p("Description", "rich_text", direction="in", about="What should be done, with everything it needs."),
        _p("Trigger", "checkbox", direction="both", about="Tick to start. It is unticked when the answer is there."),
        _p("Status", "select", *keys.STATUSES, direction="both"),
        _p("Task Type", "select", *TYPES, direction="in"),
        _p("Priority", "select", *[str(choice.label) for choice in Priority], direction="in"),
        _p("Due", "date", direction="in"),
        _p("QA Target", "number", direction="in", about="Score from 1 to 100 this row must reach; empty: the type's."),
        _p("Client", "relation", direction="in", to=keys.CLIENTS),
        _p("Owner Email", "email", direction="in"),
        _p("Client Email", "email", direction="in"),
        _p("Client Rate USD/min", "number", direction="in"),
        _p("Result Summary", "rich_text"),
        _p("QA Score", "number"),
        _p("Cost", "number", about="US dollars, every model call included."),
        _p("Model", "rich_text"),
        _p("Commit", "rich_text"),
        _p("Task", "url", about="The task in EchoPilot."),
        _p("Sync Note", "rich_text", about="Says so when a cell was changed on both sides."),
    ),
)

LOG = DatabaseSpec(
    key=keys.LOG, title="Automation Log", env_name="AUTOMATION_LOG_DB_ID", position=2,
    properties=(
        _p("Task", "title"), _p("Status", "select", "Processing", "Success", "Review", "Error", "Warning"), _p("Message", "rich_text"),
        _p("Details", "rich_text"), _p("Timestamp", "date"), _p("Commit", "rich_text"),
    ),
)

JOBS = DatabaseSpec(
    key=keys.JOBS, title="Job Log", env_name="JOB_LOG_DB_ID", position=3,
    properties=(
        _p("Job Name", "title"), _p("QA Score", "number"), _p("Cost", "number"), _p("Status", "select", "Done", "Failed", "Cancelled"),
        _p("Notes", "rich_text"), _p("Timestamp", "date"), _p("Commit", "rich_text"), _p("Task Type", "select", *TYPES),
        _p("Duration (ms)", "number"), _p("Tokens", "number"), _p("Tokens In", "number"), _p("Tokens Out", "number"),
        _p("Model", "rich_text"), _p("Client", "rich_text"), _p("Revisions", "number"), _p("Payment Link", "url"),
        _p("Payment Status", "select", "Unpaid", "Paid", "Cancelled"), _p("Client Rate USD/min", "number"), _p("Gross USD", "number"),
        _p("Profit USD", "number"), _p("Margin %", "number", number="percent"), _p("Owner Email", "email"),
    ),
)

CLIENTS = DatabaseSpec(
    key=keys.CLIENTS, title="Clients", env_name="NOTION_CLIENT_DB_ID", position=4, poll=True,
    on_change=inbox.client_changed, on_removed=inbox.client_removed,
    properties=(
        _p("Client Name", "title", direction="in"), _p("Email", "email", direction="in"),
        _p("Rate USD/min", "number", direction="in"), _p("Active", "checkbox", direction="in"), _p("Notes", "rich_text", direction="in"),
    ),
)

STATUS_BOARD = DatabaseSpec(
    key=keys.STATUS_BOARD, title="Status Board", env_name="NOTION_STATUS_DB_ID", position=5,
    properties=(
        _p("Name", "title"), _p("When", "date"), _p("OK", "checkbox"), _p("Jobs (24h)", "number"), _p("Avg QA (24h)", "number"),
        _p("Low-QA Count", "number"), _p("Commit", "rich_text"), _p("Branch", "rich_text"), _p("Notes", "rich_text"),
    ),
)

FINANCE = DatabaseSpec(
    key="finance", title="Finance & Revenue Tracking", env_name="NOTION_FINANCE_DB_ID", position=6,
    properties=(
        _p("Transaction ID", "title"), _p("Date", "date"), _p("Type", "select", "Revenue", "Cost", "Refund", "Adjustment"),
        _p("Amount", "number"), _p("Currency", "select", *CURRENCIES), _p("Client", "rich_text"), _p("Job ID", "rich_text"),
        _p("Category", "select", "Service Revenue", "AI Costs", "Infrastructure", "Payment Processing"),
        _p("Margin %", "number", number="percent"), _p("Notes", "rich_text"), _p("Reconciled", "checkbox"),
        _p("Stripe Payment ID", "rich_text"),
    ),
)

GOVERNANCE = DatabaseSpec(
    key="governance", title="Governance & Decision Log", env_name="NOTION_GOVERNANCE_DB_ID", position=7,
    properties=(
        _p("Decision", "title"), _p("Date", "date"), _p("Type", "select", "Strategic", "Operational", "Financial", "Compliance", "Technical"),
        _p("Status", "select", "Proposed", "Under Review", "Approved", "Rejected", "Implemented"), _p("Decision Maker", "rich_text"),
        _p("Impact", "select", "Low", "Medium", "High", "Critical"), _p("Rationale", "rich_text"), _p("Outcomes", "rich_text"),
        _p("Related Risks", "rich_text"),
    ),
)

OPERATIONS = DatabaseSpec(
    key=keys.OPERATIONS, title="Operations Monitor", env_name="NOTION_OPS_MONITOR_DB_ID", position=8,
    properties=(
        _p("Name", "title"), _p("Timestamp", "date"),
        _p("Component", "select", "Bot Polling", "AI Processing", "Payment System", "Database", "API Endpoints"),
        _p("Status", "select", "Healthy", "Warning", "Error", "Critical"), _p("Metric", "rich_text"), _p("Value", "number"),
        _p("Threshold", "number"), _p("Alert Sent", "checkbox"), _p("Resolution", "rich_text"), _p("Auto-Fixed", "checkbox"),
    ),
)

FORECAST = DatabaseSpec(
    key="forecast", title="Forecast & Predictions", env_name="NOTION_FORECAST_DB_ID", position=9,
    properties=(
        _p("Name", "title"), _p("Date", "date"), _p("Forecast Type", "select", "Revenue", "Load", "Costs", "Growth"),
        _p("Predicted Value", "number"), _p("Actual Value", "number"), _p("Accuracy %", "number", number="percent"),
        _p("Confidence", "select", "Low", "Medium", "High"), _p("Model Used", "rich_text"), _p("Notes", "rich_text"),
    ),
)

REGIONS = DatabaseSpec(
    key=keys.REGIONS, title="Regional Compliance", env_name="NOTION_REGION_COMPLIANCE_DB_ID", position=10,
    properties=(
        _p("Region", "title"), _p("Country Code", "rich_text"), _p("Data Retention Days", "number"), _p("Currency", "rich_text"),
        _p("Language", "rich_text"), _p("Timezone", "rich_text"), _p("GDPR Required", "checkbox"), _p("CCPA Required", "checkbox"),
        _p("Special Rules", "rich_text"), _p("Active", "checkbox"),
    ),
)

PARTNERS = DatabaseSpec(
    key="partners", title="Partners & API Keys", env_name="NOTION_PARTNERS_DB_ID", position=11,
    properties=(
        _p("Partner Name", "title"), _p("API Key", "rich_text", about="First characters only."),
        _p("Tier", "select", "Free", "Basic", "Pro", "Enterprise"), _p("Quota (monthly)", "number"), _p("Usage (current)", "number"),
        _p("Revenue Share %", "number", number="percent"), _p("Total Revenue", "number", number="dollar"),
        _p("Payout Status", "select", "Pending", "Paid", "On Hold"), _p("Contact Email", "email"), _p("Active", "checkbox"),
        _p("Created Date", "date"),
    ),
)

REFERRALS = DatabaseSpec(
    key="referrals", title="Referral System", env_name="NOTION_REFERRALS_DB_ID", position=12,
    properties=(
        _p("Referral Code", "title"), _p("Referrer", "rich_text"), _p("Referred Customer", "rich_text"),
        _p("Status", "select", "Pending", "Active", "Credited", "Expired"), _p("Credit Amount", "number", number="dollar"),
        _p("Applied", "checkbox"), _p("Created Date", "date"), _p("Conversion Date", "date"),
        _p("Revenue Generated", "number", number="dollar"),
    ),
)

GROWTH = DatabaseSpec(
    key="growth", title="Growth & Customer Acquisition", env_name="NOTION_GROWTH_METRICS_DB_ID", position=13,
    properties=(
        _p("Name", "title"), _p("Date", "date"), _p("Metric", "select", "Leads", "Conversions", "CAC", "LTV", "Churn"),
        _p("Value", "number"), _p("Source", "select", "Organic", "Paid Ads", "Referral", "Partnership", "Email"), _p("Campaign", "rich_text"),
        _p("Cost", "number", number="dollar"), _p("ROI %", "number", number="percent"), _p("Notes", "rich_text"),
    ),
)

DATABASES = (QUEUE, LOG, JOBS, CLIENTS, STATUS_BOARD, FINANCE, GOVERNANCE, OPERATIONS, FORECAST, REGIONS, PARTNERS, REFERRALS, GROWTH)
