"""Ways to begin a workflow that the palette offers."""

from django.utils.translation import gettext_lazy as _

from apps.core.search import PaletteAction

ACTIONS = (
    PaletteAction(
        name="describe", label=_("Describe a job"), icon="sparkles", url_name="authoring:suggestion_create",
        permission="workflows.manage", keywords=_("workflow automation create draw ai"), order=110,
    ),
    PaletteAction(
        name="templates", label=_("Start from a template"), icon="layers", url_name="library:template_list",
        permission="workflows.view", keywords=_("workflow library example install"), order=120,
    ),
    PaletteAction(
        name="secrets", label=_("Secrets"), icon="key-round", url_name="secrets:secret_list",
        permission="secrets.view", keywords=_("workflow key token password credential"), order=130,
    ),
)  # fmt: skip
