"""Texts of Django and django-allauth that people see and that the packages do not bring in a language named complete.

They get a catalogue of their own (``locale/packages``), which Django reads after ours and before the packages' own.
"""

import re
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from django.conf import settings
from django.utils.translation import to_locale

from apps.i18n.compiling import load, save

COMPLETE = ("es", "ur")
# A language in which each of these is complete lists their texts; where a text stands is read from it as well.
REFERENCE = "es"
PACKAGES = (("django", "conf/locale"), ("django.contrib.auth", "locale"), ("allauth", "locale"))
# Sources inside a package whose texts nobody meets on our pages.
UNSEEN = (
    "idp/", "headless/", "templates/idp/", "templates/socialaccount/snippets", "account/models.py", "account/admin.py",
    "account/apps.py", "socialaccount/models.py", "socialaccount/apps.py", "mfa/models.py", "mfa/apps.py", "usersessions/apps.py",
    "usersessions/models.py",
)  # fmt: skip
# Parts of Django's own catalogues that people never meet here: names of fields and columns, the debug page, its own admin pages.
UNSEEN_TEXTS = re.compile(
    r"instance with|relationships?$|integer$|Raw binary|Universally|^IPv|^String|verbose_name_plural|No %\(verbose_name\)s"
    r"|class_name|Referer|CSRF|cookie|referrer|Directory|^Index of"
    r"|install worked|how-to|Connect, get|date string|^No \w+ specified|Date out"
    r"|” does not exist|^“%\(value\)s” value|Constraint “|page number|no results|“last”|Invalid page|Personal info|Important dates"
    r"|A JSON object|ManagementForm|inline value|lookup_type|Value %\(value\)r|object with primary|Slug \(up to|^…$"
)
UNSEEN_OF_AUTH = re.compile(
    r"^(Authentication and|algorithm|iterations|salt|hash|variety|version|memory cost|time cost|parallelism|work factor|checksum"
    r"|block size|content type|codename|permission|group|superuser|user|first name|last name|staff status|active|date joined"
    r"|last login|Designates|The groups|Specific permissions|Required\. 150|A user with that|Raw passwords|Enable password"
    r"|Whether the user|Password-based|Change password: |Set password: |Conflicting form|Invalid password format|No password set"
    r"|Enter a valid username|Password (reset|change)( |$)(?!d success)|Enter new password|Logged out)"
)
UNSEEN_CONTEXTS = ("alt. month", "abbrev. month", "abbr. month")


def update_package_catalogue(code: str) -> None:
    """Add what is missing in a complete language to ``locale/packages``; translations made before are kept."""
    if code not in COMPLETE or len(settings.LOCALE_PATHS) < 2:
        return
    path = Path(settings.LOCALE_PATHS[1]) / to_locale(code) / "LC_MESSAGES" / "django.po"
    kept = {_key(message): message for message in load(path)} if path.exists() else {}
    catalogue = Catalog(locale=to_locale(code), project="EchoPilot, texts of packages", fuzzy=False)
    for message in missing_texts(code):
        old = kept.get(_key(message))
        catalogue.add(message.id, old.string if old else None, context=message.context, flags=_flags(message))
    save(catalogue, path)


def missing_texts(code: str) -> list[Message]:
    """Messages of the packages without a translation in ``code``, in the packages' order."""
    found: dict[tuple[str, str], Message] = {}
    for package, folder in PACKAGES:
        theirs = _catalogue(package, folder, to_locale(code))
        have = {_key(message) for message in theirs or () if message.id and _done(message)}
        for message in _catalogue(package, folder, REFERENCE) or ():
            if message.id and _key(message) not in have and _is_seen(package, message):
                found.setdefault(_key(message), message)
    return list(found.values())


def _catalogue(package: str, folder: str, locale: str) -> Catalog | None:
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    path = Path(places[0]) / folder / locale / "LC_MESSAGES" / "django.po" if places else None
    return load(path) if path and path.exists() else None


def _is_seen(package: str, message: Message) -> bool:
    if message.context in UNSEEN_CONTEXTS:
        return False
    if package == "allauth":
        return not message.locations or any(not place.startswith(UNSEEN) for place, _line in message.locations)
    text = message.id[0] if isinstance(message.id, tuple | list) else message.id
    if package == "django.contrib.auth" and UNSEEN_OF_AUTH.match(text):
        return False
    foreign = text.istitle() or "Django" in text or "DEBUG" in text or "<a href" in text
    return not foreign and not UNSEEN_TEXTS.search(text)


def _done(message: Message) -> bool:
    string = message.string
    return not message.fuzzy and (all(string) if isinstance(string, tuple | list) else bool(string))


def _flags(message: Message) -> set[str]:
    return {flag for flag in message.flags if flag.endswith("-format")}


def _key(message: Message) -> tuple[str, str]:
    return (message.context or "", message.id[0] if isinstance(message.id, tuple | list) else message.id)
