"""The eight enterprise databases; ``databases.py`` says what was corrected and what fills them."""

from apps.connectors.contracts import DatabaseSpec
from apps.tasks.notion import keys
from apps.tasks.notion.columns import column

CURRENCIES = ("USD", "EUR", "GBP", "INR", "PKR")

FINANCE = DatabaseSpec(
    key="finance",
    title="Finance & Revenue Tracking",
    env_name="NOTION_FINANCE_DB_ID",
    position=6,
    properties=(
        column("Transaction ID", "title"),
        column("Date", "date"),
        column("Type", "select", "Revenue", "Cost", "Refund", "Adjustment"),
        column("Amount", "number"),
        column("Currency", "select", *CURRENCIES),
        column("Client", "rich_text"),
        column("Job ID", "rich_text"),
        column("Category", "select", "Service Revenue", "AI Costs", "Infrastructure", "Payment Processing"),
        column("Margin %", "number", number="percent"),
        column("Notes", "rich_text"),
        column("Reconciled", "checkbox"),
        column("Stripe Payment ID", "rich_text"),
    ),
)

GOVERNANCE = DatabaseSpec(
    key="governance",
    title="Governance & Decision Log",
    env_name="NOTION_GOVERNANCE_DB_ID",
    position=7,
    properties=(
        column("Decision", "title"),
        column("Date", "date"),
        column("Type", "select", "Strategic", "Operational", "Financial", "Compliance", "Technical"),
        column("Status", "select", "Proposed", "Under Review", "Approved", "Rejected", "Implemented"),
        column("Decision Maker", "rich_text"),
        column("Impact", "select", "Low", "Medium", "High", "Critical"),
        column("Rationale", "rich_text"),
        column("Outcomes", "rich_text"),
        column("Related Risks", "rich_text"),
    ),
)

OPERATIONS = DatabaseSpec(
    key=keys.OPERATIONS,
    title="Operations Monitor",
    env_name="NOTION_OPS_MONITOR_DB_ID",
    position=8,
    properties=(
        column("Name", "title"),
        column("Timestamp", "date"),
        column("Component", "select", "Bot Polling", "AI Processing", "Payment System", "Database", "API Endpoints"),
        column("Status", "select", "Healthy", "Warning", "Error", "Critical"),
        column("Metric", "rich_text"),
        column("Value", "number"),
        column("Threshold", "number"),
        column("Alert Sent", "checkbox"),
        column("Resolution", "rich_text"),
        column("Auto-Fixed", "checkbox"),
    ),
)

FORECAST = DatabaseSpec(
    key="forecast",
    title="Forecast & Predictions",
    env_name="NOTION_FORECAST_DB_ID",
    position=9,
    properties=(
        column("Name", "title"),
        column("Date", "date"),
        column("Forecast Type", "select", "Revenue", "Load", "Costs", "Growth"),
        column("Predicted Value", "number"),
        column("Actual Value", "number"),
        column("Accuracy %", "number", number="percent"),
        column("Confidence", "select", "Low", "Medium", "High"),
        column("Model Used", "rich_text"),
        column("Notes", "rich_text"),
    ),
)

REGIONS = DatabaseSpec(
    key=keys.REGIONS,
    title="Regional Compliance",
    env_name="NOTION_REGION_COMPLIANCE_DB_ID",
    position=10,
    properties=(
        column("Region", "title"),
        column("Country Code", "rich_text"),
        column("Data Retention Days", "number"),
        column("Currency", "rich_text"),
        column("Language", "rich_text"),
        column("Timezone", "rich_text"),
        column("GDPR Required", "checkbox"),
        column("CCPA Required", "checkbox"),
        column("Special Rules", "rich_text"),
        column("Active", "checkbox"),
    ),
)

PARTNERS = DatabaseSpec(
    key="partners",
    title="Partners & API Keys",
    env_name="NOTION_PARTNERS_DB_ID",
    position=11,
    properties=(
        column("Partner Name", "title"),
        column("API Key", "rich_text", about="First characters only."),
        column("Tier", "select", "Free", "Basic", "Pro", "Enterprise"),
        column("Quota (monthly)", "number"),
        column("Usage (current)", "number"),
        column("Revenue Share %", "number", number="percent"),
        column("Total Revenue", "number", number="dollar"),
        column("Payout Status", "select", "Pending", "Paid", "On Hold"),
        column("Contact Email", "email"),
        column("Active", "checkbox"),
        column("Created Date", "date"),
    ),
)

REFERRALS = DatabaseSpec(
    key="referrals",
    title="Referral System",
    env_name="NOTION_REFERRALS_DB_ID",
    position=12,
    properties=(
        column("Referral Code", "title"),
        column("Referrer", "rich_text"),
        column("Referred Customer", "rich_text"),
        column("Status", "select", "Pending", "Active", "Credited", "Expired"),
        column("Credit Amount", "number", number="dollar"),
        column("Applied", "checkbox"),
        column("Created Date", "date"),
        column("Conversion Date", "date"),
        column("Revenue Generated", "number", number="dollar"),
    ),
)

GROWTH = DatabaseSpec(
    key="growth",
    title="Growth & Customer Acquisition",
    env_name="NOTION_GROWTH_METRICS_DB_ID",
    position=13,
    properties=(
        column("Name", "title"),
        column("Date", "date"),
        column("Metric", "select", "Leads", "Conversions", "CAC", "LTV", "Churn"),
        column("Value", "number"),
        column("Source", "select", "Organic", "Paid Ads", "Referral", "Partnership", "Email"),
        column("Campaign", "rich_text"),
        column("Cost", "number", number="dollar"),
        column("ROI %", "number", number="percent"),
        column("Notes", "rich_text"),
    ),
)

ENTERPRISE = (FINANCE, GOVERNANCE, OPERATIONS, FORECAST, REGIONS, PARTNERS, REFERRALS, GROWTH)
