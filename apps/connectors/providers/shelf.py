"""Every service of the catalogue: one folder, one line."""

from apps.connectors.providers.airtable.manifest import AIRTABLE
from apps.connectors.providers.drive.manifest import DRIVE
from apps.connectors.providers.github.manifest import GITHUB
from apps.connectors.providers.gmail.manifest import GMAIL
from apps.connectors.providers.http.manifest import HTTP
from apps.connectors.providers.hubspot.manifest import HUBSPOT
from apps.connectors.providers.mail.manifest import MAIL
from apps.connectors.providers.notion.manifest import NOTION
from apps.connectors.providers.resend.manifest import RESEND
from apps.connectors.providers.s3.manifest import S3
from apps.connectors.providers.slack.manifest import SLACK
from apps.connectors.providers.stripe.manifest import STRIPE
from apps.connectors.providers.telegram.manifest import TELEGRAM

CATALOGUE = (
    AIRTABLE,
    DRIVE,
    GITHUB,
    GMAIL,
    HTTP,
    HUBSPOT,
    MAIL,
    NOTION,
    RESEND,
    S3,
    SLACK,
    STRIPE,
    TELEGRAM,
)
