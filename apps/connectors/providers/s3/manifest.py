"""S3 storage in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.s3 import client, schemas

KEY_IS_SENSITIVE = {"key": "object"}
S3 = Connector(
    slug="s3",
    title="S3",
    description=_("Read, write and list objects of one bucket at Amazon or any store that speaks its protocol."),
    icon="database",
    category=Category.FILES,
    auth=AuthKind.TOKEN,
    base_url="https://s3.amazonaws.com",
    rate=RateRule(calls=1200),
    check=client.check,
    explain=client.explain,
    fields=(
        ConnectField(name="access_key_id", label=_("Access key id")),
        ConnectField(name="secret_access_key", label=_("Secret access key"), secret=True),
        ConnectField(name="region", label=_("Region"), default="us-east-1", help=_("For example eu-central-1.")),
        ConnectField(name="bucket", label=_("Bucket")),
        ConnectField(name="base_url", label=_("Address of the store"), required=False,
                     help=_("Only for other stores than Amazon's, for example https://s3.example.com.")),
    ),
    help=(
        _("Make a user or key for EchoPilot that may use this one bucket only."),
        _("It needs to list the bucket and to get, put and delete its objects."),
        _("The bucket is listed once to check the keys; nothing is written."),
    ),
    actions=(
        Action(slug="put_object", title=_("Write an object"), effect=ActionEffect.KEYED, perform=client.put_object,
               input_schema=schemas.PUT, output_schema=schemas.PLACED, reach=client.reach_of_put, sensitive=KEY_IS_SENSITIVE,
               description=_("Overwrites what lies under the same key.")),
        Action(slug="get_text", title=_("Read an object as text"), effect=ActionEffect.PURE, perform=client.get_text,
               input_schema=schemas.GET, output_schema=schemas.TEXT, description=_("At most five million bytes.")),
        Action(slug="list_objects", title=_("List objects"), effect=ActionEffect.PURE, perform=client.list_objects,
               input_schema=schemas.LIST, output_schema=schemas.OBJECTS, description=_("By the beginning of their keys.")),
        Action(slug="delete_object", title=_("Delete an object"), effect=ActionEffect.KEYED, perform=client.delete_object,
               input_schema=schemas.DELETE, output_schema=schemas.DELETED, reach=client.reach_of_delete, sensitive=KEY_IS_SENSITIVE,
               description=_("An object that is gone already is fine.")),
        Action(slug="presign", title=_("Make a link to an object"), effect=ActionEffect.PURE, perform=client.presign,
               input_schema=schemas.PRESIGN, output_schema=schemas.LINK, reach=client.reach_of_link, sensitive=KEY_IS_SENSITIVE,
               description=_("Whoever has the link may read the object until it ends.")),
    ),
)  # fmt: skip
