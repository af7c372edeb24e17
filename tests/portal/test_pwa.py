"""The portal as an app: nothing of a workspace is kept, messages reach one browser and end with its sign-in."""

import base64
import http.server
import json
import os
import re
import threading

import jwt
import pytest
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.contrib.staticfiles.finders import find
from django.test import Client

from apps.accounts.signals import MembershipChanged
from apps.core.errors import Unavailable
from apps.dispatch.models import WorkItem
from apps.portal.models import PushSubscription
from apps.portal.pwa import encryption, sending
from apps.portal.pwa.keys import push_key
from apps.portal.pwa.receivers import forget_member
from apps.portal.pwa.subscriptions import hashed, listeners
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskSource, TaskState
from apps.tasks.models import Task
from apps.tasks.signals import TaskChanged, task_changed


def unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- the encryption, against the worked example of RFC 8291, appendix A ---------------------------------------------------


def test_the_worked_example_of_the_standard_comes_out():
    key = ec.derive_private_key(int.from_bytes(unpack("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), ec.SECP256R1())
    receiver = encryption.read_receiver(
        p256dh="BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth="BTBZMqHH6r4Tts7J_aSIgg",
    )
    sent = encryption.encrypt(
        b"When I grow up, I want to be a watermelon", receiver, key=key, salt=unpack("DGv6ra1nlYgDCS1FRnbzlw")
    )
    assert encryption.pack(sent) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQp"
        "u6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.mark.parametrize(
    ("p256dh", "auth"), [("", ""), ("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"), ("!!", "??"), ("B" * 87, "A" * 22), ("ü", "ü")]
)
def test_damaged_keys_are_refused(p256dh, auth):
    with pytest.raises(ValueError):
        encryption.read_receiver(p256dh=p256dh, auth=auth)


def test_a_text_longer_than_one_record_is_refused():
    browser = Browser()
    encryption.encrypt(b"x" * encryption.LONGEST_TEXT, browser.receiver)
    with pytest.raises(ValueError):
        encryption.encrypt(b"x" * (encryption.LONGEST_TEXT + 1), browser.receiver)


class Browser:
    """The receiving half, written from the standard on its own."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.public = encryption.point_of(self.key)
        self.receiver = encryption.Receiver(public_key=self.public, auth_secret=self.auth)

    def keys(self):
        return {"p256dh": encryption.pack(self.public), "auth": encryption.pack(self.auth)}

    def decrypt(self, body: bytes) -> bytes:
        salt, size = body[:16], body[20]
        sender = body[21 : 21 + size]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))

        def derive(secret, salt, info, length):
            return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)

        secret = derive(shared, self.auth, b"WebPush: info\x00" + self.public + sender, 32)
        key = derive(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = derive(secret, salt, b"Content-Encoding: nonce\x00", 12)
        text = AESGCM(key).decrypt(nonce, body[21 + size :], None)
        assert text[-1:] == b"\x02"
        return text[:-1]


class PushService:
    """A push service on loopback that remembers what came."""

    def __init__(self):
        self.got, self.answer = [], 201
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                service.got.append(
                    (self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
                )
                self.send_response(service.answer)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def address(self, name="abc"):
        return f"http://127.0.0.1:{self.port}/push/{name}"


@pytest.fixture
def service(settings):
    one = PushService()
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{one.port}"]
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def signed_in(browse, user, tenant) -> Client:
    client = browse(user)
    UserSession.objects.create(user=user, session_key=client.session.session_key, ip="127.0.0.1", user_agent="test")
    return client


def subscribe(client, service, browser, name="abc"):
    body = {"endpoint": service.address(name), "keys": browser.keys()}
    return client.post("/app/push/subscribe/", body, content_type="application/json")


class Job:
    def __init__(self, tenant, ref):
        self.work = type("Work", (), {"tenant_id": tenant.id, "ref": ref})
        self.tenant = tenant


def waiting_task(user):
    tasks.ensure_defaults()
    view = tasks.submit_task(source=TaskSource.PORTAL, title="Secret plan", body="Words.", requested_by=user.pk)
    Task.objects.filter(pk=view.id).update(state=TaskState.RUNNING)
    Task.objects.filter(pk=view.id).update(state=TaskState.REVIEW)
    return view.id


def test_a_message_reaches_the_browser_readable_by_it_alone_and_names_nothing(signed_in, service, user, tenant):
    browser = Browser()
    assert subscribe(signed_in, service, browser).status_code == 201
    task_id = waiting_task(user)
    sending.send_push(Job(tenant, f"{PushSubscription.objects.get().pk}/{task_id}"))
    ((path, headers, body),) = service.got
    said = json.loads(browser.decrypt(body))
    assert (path, said["title"], said["url"]) == ("/push/abc", "EchoPilot", "/tasks/inbox/")
    assert "Secret" not in str(said)
    assert str(task_id) not in str(said)
    assert tenant.name not in str(said)
    lower = {name.lower(): text for name, text in headers.items()}
    assert (lower["content-encoding"], lower["urgency"], lower["ttl"]) == ("aes128gcm", "high", "14400")
    token, key = re.match(r"vapid t=(\S+), k=(\S+)", lower["authorization"]).groups()
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpack(key))
    claims = jwt.decode(token, public, algorithms=["ES256"], audience=f"http://127.0.0.1:{service.port}")
    assert claims["sub"].startswith("mailto:")
    assert key == push_key().public_key
    assert PushSubscription.objects.get().sent_at is not None


def test_a_review_that_begins_to_wait_is_announced_once_to_each_listener(
    signed_in, service, user, tenant, django_capture_on_commit_callbacks
):
    subscribe(signed_in, service, Browser())
    task_id = waiting_task(user)
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            task_changed.announce(TaskChanged(tenant_id=tenant.id, task_id=task_id, state="review", before="running"))
    assert WorkItem.objects.filter(kind=sending.KIND).count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        task_changed.announce(TaskChanged(tenant_id=tenant.id, task_id=task_id, state="done", before="review"))
    assert WorkItem.objects.filter(kind=sending.KIND).count() == 1


def test_a_decided_review_is_not_announced_any_more(signed_in, service, user, tenant):
    subscribe(signed_in, service, Browser())
    sending.send_push(Job(tenant, f"{PushSubscription.objects.get().pk}/01890000-0000-7000-8000-00000000dead"))
    assert service.got == []


@pytest.mark.parametrize(
    ("answer", "left", "again"),
    [(201, 1, False), (404, 0, False), (410, 0, False), (429, 1, True), (500, 1, True), (400, 1, False)],
)
def test_the_push_services_answer_decides_what_happens(signed_in, service, user, tenant, answer, left, again):
    subscribe(signed_in, service, Browser())
    job = Job(tenant, f"{PushSubscription.objects.get().pk}/{waiting_task(user)}")
    service.answer = answer
    if again:
        with pytest.raises(Unavailable):
            sending.send_push(job)
    else:
        sending.send_push(job)
    assert PushSubscription.objects.count() == left
    if left and answer != 201:
        assert PushSubscription.objects.get().failures == 1


def test_the_address_is_stored_encrypted(signed_in, service, db):
    from django.db import connection

    subscribe(signed_in, service, Browser())
    with connection.cursor() as cursor:
        cursor.execute("SELECT endpoint, auth_secret FROM public.portal_pushsubscription")
        (stored,) = cursor.fetchall()
    assert "127.0.0.1" not in str(stored)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"endpoint": "http://127.0.0.1:1/x", "keys": {}},
        {"endpoint": 7, "keys": {"p256dh": 1, "auth": []}},
        {"endpoint": "https://" + "x" * 2000, "keys": "no"},
    ],
)
def test_nonsense_is_refused_naming_the_field(signed_in, body):
    answer = signed_in.post("/app/push/subscribe/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["fields"].keys() <= {"endpoint", "keys"}
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254/latest/meta",
        "http://10.0.0.1/push",
        "file:///etc/passwd",
        "http://user:pw@push.example/x",
    ],
)
def test_addresses_inside_are_never_called(signed_in, endpoint):
    body = {"endpoint": endpoint, "keys": Browser().keys()}
    answer = signed_in.post("/app/push/subscribe/", body, content_type="application/json")
    assert answer.status_code == 400
    assert not PushSubscription.objects.exists()


def test_signing_out_ends_messages_and_clears_the_browser(signed_in, service):
    subscribe(signed_in, service, Browser())
    answer = signed_in.post("/accounts/logout/")
    assert not PushSubscription.objects.exists()
    assert '"storage"' in answer.get("Clear-Site-Data", "")


def test_only_living_sign_ins_of_people_who_may_decide_are_told(signed_in, service, user, tenant):
    subscribe(signed_in, service, Browser())
    assert len(listeners(tenant_id=tenant.id)) == 1
    UserSession.objects.all().delete()
    assert listeners(tenant_id=tenant.id) == []
    assert not PushSubscription.objects.exists()


def test_who_leaves_the_workspace_is_forgotten(signed_in, service, user, tenant):
    subscribe(signed_in, service, Browser())
    forget_member(None, MembershipChanged(tenant_id=tenant.id, user_id=user.pk, role="editor", actor_id=None))
    assert PushSubscription.objects.count() == 1
    forget_member(None, MembershipChanged(tenant_id=tenant.id, user_id=user.pk, role="", actor_id=None))
    assert not PushSubscription.objects.exists()


def test_a_person_keeps_ten_browsers_and_a_second_call_renews(signed_in, service):
    browser = Browser()
    for name in [*map(str, range(11)), "10"]:
        assert subscribe(signed_in, service, browser, name).status_code == 201
    assert PushSubscription.objects.count() == 10
    assert not PushSubscription.objects.filter(endpoint_hash=hashed(service.address("0"))).exists()


def test_unsubscribing_touches_ones_own_browsers_only(signed_in, service, browse, member):
    subscribe(signed_in, service, Browser())
    body = {"endpoint": service.address()}
    assert browse(member).post("/app/push/unsubscribe/", body, content_type="application/json").status_code == 204
    assert PushSubscription.objects.count() == 1
    assert signed_in.post("/app/push/unsubscribe/", body, content_type="application/json").status_code == 204
    assert not PushSubscription.objects.exists()


def test_viewers_and_strangers_get_no_messages(browse, viewer, outsider, service, tenant):
    for person in (viewer, outsider, None):
        answer = browse(person).post(
            "/app/push/subscribe/",
            {"endpoint": service.address(), "keys": Browser().keys()},
            content_type="application/json",
        )
        assert answer.status_code in {302, 401, 403}
    assert not PushSubscription.objects.exists()


def test_the_offer_comes_after_the_first_decision(signed_in):
    state = signed_in.get("/app/push/").json()
    assert (state["offer"], state["subscribed"]) == (False, False)
    assert len(unpack(state["key"])) == 65


def test_both_processes_end_with_the_same_key(db):
    assert push_key().pk == push_key().pk


# --- manifest, worker, offline page -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("es", "ltr"), ("ur", "rtl")])
def test_the_manifest_speaks_the_pages_language(browse, tenant, language, direction):
    client = browse(None)
    client.cookies["django_language"] = language
    data = client.get("/manifest.webmanifest").json()
    assert (data["lang"], data["dir"], data["scope"]) == (language, direction, "/")
    assert {icon.get("purpose", "any") for icon in data["icons"]} == {"any", "maskable"}
    for icon in data["icons"]:
        assert find(icon["src"].removeprefix("/static/")), icon
    assert tenant.name not in json.dumps(data)


def test_the_worker_covers_the_whole_host_and_keeps_no_page_of_a_workspace(browse, tenant):
    client = browse(None)
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Service-Worker-Allowed"] == "/"
    facts = json.loads(re.match(r"const FACTS = (\{.*?\});", answer.text).group(1))
    for address in [facts["offline"], *facts["files"], facts["icon"], facts["badge"]]:
        static = address.removeprefix("/static/")
        assert find(static) if static != address else client.get(address).status_code == 200, address
    offline = client.get(facts["offline"]).text
    assert tenant.name not in offline
    assert "csrf" not in offline


def test_the_install_page_is_for_members(browse, user, viewer, outsider, tenant):
    assert "data-turn-on" in browse(user).get("/app/").text
    assert "data-turn-on" not in browse(viewer).get("/app/").text
    assert browse(outsider).get("/app/").status_code == 302
    assert browse(None, host="localhost").get("/app/").status_code == 404


@pytest.mark.parametrize("host", ["acme.localhost", "localhost"])
def test_every_host_has_an_icon(browse, tenant, host):
    assert browse(None, host=host).get("/favicon.ico")["Content-Type"] == "image/x-icon"
