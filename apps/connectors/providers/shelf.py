"""Every service of the catalogue: one folder, one line."""

from apps.connectors.providers.github.manifest import GITHUB
from apps.connectors.providers.http.manifest import HTTP
from apps.connectors.providers.mail.manifest import MAIL
from apps.connectors.providers.notion.manifest import NOTION
from apps.connectors.providers.resend.manifest import RESEND
from apps.connectors.providers.slack.manifest import SLACK

CATALOGUE = (
    GITHUB,
    HTTP,
    MAIL,
    NOTION,
    RESEND,
    SLACK,
)
