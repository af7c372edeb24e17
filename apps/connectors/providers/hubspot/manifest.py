"""HubSpot in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, OAuth, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.hubspot import client, schemas

SCOPES = ("oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.deals.read", "crm.objects.deals.write",
          "crm.objects.companies.read")  # fmt: skip
HUBSPOT = Connector(
    slug="hubspot",
    title="HubSpot",
    description=_("Keep contacts and deals of your CRM up to date and look them up."),
    icon="users",
    category=Category.SALES,
    auth=AuthKind.TOKEN,
    base_url="https://api.hubapi.com",
    rate=RateRule(calls=430),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("Access token of a private app"), secret=True, help=_("It begins with pat-.")),),
    oauth=OAuth(client="hubspot", authorize_url="https://app.hubspot.com/oauth/authorize", token_url="/oauth/v1/token",  # noqa: S106
                scopes=SCOPES, register_at="https://developers.hubspot.com"),
    help=(
        _("In HubSpot, open Settings, Integrations, Private Apps and create one."),
        _("Give it read and write access to contacts and deals and copy its access token."),
    ),
    actions=(
        Action(slug="upsert_contact", title=_("Create or change a contact"), effect=ActionEffect.KEYED,
               perform=client.upsert_contact, input_schema=schemas.UPSERT, output_schema=schemas.UPSERTED,
               reach=client.reach_of_contact, sensitive={"email": "recipient"},
               description=_("Finds the contact by e-mail address, or creates it.")),
        Action(slug="create_deal", title=_("Create a deal"), effect=ActionEffect.BLIND, perform=client.create_deal,
               input_schema=schemas.DEAL, output_schema=schemas.RECORD, reach=client.reach_of_deal,
               sensitive={"contact_id": "object", "amount": "amount"},
               description=_("HubSpot has no way to look a new deal up for certain, so after a lost answer a person decides.")),
        Action(slug="update_deal", title=_("Change a deal"), effect=ActionEffect.KEYED, perform=client.update_deal,
               input_schema=schemas.UPDATE_DEAL, output_schema=schemas.RECORD, reach=client.reach_of_deal,
               sensitive={"id": "object"}, description=_("Sets its stage, amount or other properties.")),
        Action(slug="find", title=_("Find records"), effect=ActionEffect.PURE, perform=client.find, input_schema=schemas.FIND,
               output_schema=schemas.FOUND, description=_("Contacts, deals or companies by one property.")),
    ),
)  # fmt: skip
