"""GitHub in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, OAuth, RateRule, Trigger
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.github import client, schemas

ISSUE_IS_SENSITIVE = {"repository": "object", "number": "object"}
GITHUB = Connector(
    slug="github",
    title="GitHub",
    description=_("Open, comment, label and close issues; start work when a new one is opened."),
    icon="git-compare",
    category=Category.CODE,
    auth=AuthKind.TOKEN,
    base_url="https://api.github.com",
    rate=RateRule(calls=75),
    check=client.check,
    explain=client.explain,
    fields=(
        ConnectField(name="token", label=_("Access token"), secret=True, help=_("A fine-grained token with access to issues.")),
        ConnectField(name="base_url", label=_("Address of your own GitHub server"), required=False,
                     help=_("Only for GitHub Enterprise Server, for example https://github.example.com/api/v3.")),
    ),
    oauth=OAuth(client="github", authorize_url="https://github.com/login/oauth/authorize",
                token_url="https://github.com/login/oauth/access_token", scopes=("repo",),  # noqa: S106
                register_at="https://github.com/settings/apps"),
    help=(
        _("In GitHub, open Settings, Developer settings, “Fine-grained tokens” and generate one."),
        _("Choose the repositories and give it the permission “Issues: read and write”."),
        _("GitHub tells when the token ends; EchoPilot warns two weeks before."),
    ),
    actions=(
        Action(slug="create_issue", title=_("Open an issue"), effect=ActionEffect.LOOKUP, perform=client.create_issue,
               find=client.find_created, input_schema=schemas.CREATE, output_schema=schemas.ISSUE, reach=client.reach,
               sensitive={"repository": "object", "assignees": "recipient"},
               description=_("After a lost answer the latest issues are searched before one is opened again.")),
        Action(slug="comment", title=_("Comment on an issue"), effect=ActionEffect.LOOKUP, perform=client.comment, calls=2,
               find=client.find_comment, input_schema=schemas.COMMENT, output_schema=schemas.COMMENTED, reach=client.reach,
               sensitive=ISSUE_IS_SENSITIVE, description=_("Adds a comment to an issue or pull request.")),
        Action(slug="add_label", title=_("Add labels"), effect=ActionEffect.KEYED, perform=client.add_labels, calls=3,
               input_schema=schemas.ADD_LABELS, output_schema=schemas.LABELLED, reach=client.reach_of_order,
               sensitive=ISSUE_IS_SENSITIVE, description=_("Labels that are there already stay.")),
        Action(slug="set_state", title=_("Close or reopen an issue"), effect=ActionEffect.KEYED, perform=client.set_state, calls=2,
               input_schema=schemas.STATE, output_schema=schemas.ISSUE, reach=client.reach_of_order,
               sensitive=ISSUE_IS_SENSITIVE, description=_("Sets the state of an issue.")),
        Action(slug="find_issues", title=_("Find issues"), effect=ActionEffect.PURE, perform=client.find_issues, calls=3,
               input_schema=schemas.FIND, output_schema=schemas.ISSUES,
               description=_("The latest issues of a repository by state, labels and words of the title.")),
    ),
    triggers=(
        Trigger(slug="issue_opened", title=_("An issue is opened"), input_schema=schemas.WATCH, output_schema=schemas.OPENED,
                poll=client.poll_issues, every_s=120, description=_("For every new issue of a repository, pull requests aside.")),
    ),
)  # fmt: skip
