"""Webhooks: signed as the specification's own example is, checked by receivers, sent to where they may go only."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from folkmoot.notices import Notice, SinkRefusedError, SinkUnavailableError, encode
from folkmoot.webhooks import Webhook, WebhookError, _signature, new_webhook_secret, verify_webhook
from tests._support.receiver import HANG, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT = "1614265330"
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": SENT,
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = b'{"test": 2432232314}'
NOTICE = Notice(id="abc-7", kind="run_ended", time="2026-01-01T00:00:00.000Z", chat="c", team="t", offset=7, run=1)


def verify(body: bytes | str = BODY, secret: Any = SECRET, now: float = float(SENT), **changed: str | None) -> Any:
    given = {name: changed.get(name.replace("-", "_"), value) for name, value in HEADERS.items()}
    return verify_webhook(body, {k: v for k, v in given.items() if v is not None}, secret, now=now)


def test_the_signature_is_that_of_the_published_example() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert _signature(key, HEADERS["webhook-id"], SENT, BODY) == HEADERS["webhook-signature"]
    assert verify() == verify(BODY.decode()) == {"test": 2432232314}
    assert verify(secret=SECRET.removeprefix("whsec_")) == {"test": 2432232314}


def test_one_of_several_signatures_and_secrets_is_enough() -> None:
    other = new_webhook_secret()
    assert verify(secret=f"{other} {SECRET}")
    assert verify(secret=[other, SECRET])
    assert verify(webhook_signature=f"v1a,x v1,AAAA {HEADERS['webhook-signature']}")


def test_headers_may_be_written_in_any_case() -> None:
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verify_webhook(BODY, headers, SECRET, now=float(SENT))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"body": b'{"test": 2432232315}'}, "The signature does not fit"),
        ({"secret": new_webhook_secret()}, "The signature does not fit"),
        ({"webhook_id": "msg_other"}, "The signature does not fit"),
        ({"webhook_timestamp": "1614265331"}, "The signature does not fit"),
        ({"webhook_signature": "v2" + HEADERS["webhook-signature"][2:]}, "The signature does not fit"),
        ({"webhook_signature": "é"}, "The signature does not fit"),
        ({"now": float(SENT) + 301}, "It was sent 301 s away from now"),
        ({"now": float(SENT) - 301}, "It was sent 301 s away from now"),
        ({"webhook_timestamp": "now"}, "must be seconds of Unix time, got 'now'"),
        ({"webhook_timestamp": "-1"}, "must be seconds of Unix time"),
        ({"webhook_id": None}, "The header 'webhook-id' is missing"),
        ({"webhook_timestamp": None}, "The header 'webhook-timestamp' is missing"),
        ({"webhook_signature": ""}, "The header 'webhook-signature' is missing"),
    ],
)
def test_what_is_no_webhook_of_the_sender_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(WebhookError, match=said):
        verify(**changed)


@pytest.mark.parametrize("body", [b"[]", b"none"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    headers = HEADERS | {"webhook-signature": _signature(key, HEADERS["webhook-id"], SENT, body)}
    with pytest.raises(WebhookError, match="no JSON object"):
        verify_webhook(body, headers, SECRET, now=float(SENT))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        [],
        "whsec_",
        "hunter2-hunter2-hunter2",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        f"{SECRET} short",
    ],
)
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret") as refused:
        Webhook("https://example.com", secret=secret)
    assert "hunter2" not in str(refused.value)
    assert "short" not in str(refused.value)


def test_a_new_secret_is_one() -> None:
    assert new_webhook_secret() != new_webhook_secret()
    Webhook("https://example.com", secret=new_webhook_secret())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/token-4711", "http://example.com is not https"),
        ("http://10.0.0.1:8080/token-4711", "http://10.0.0.1:8080 is not https"),
        ("http://localhost.example.com/token-4711", "is not https"),
        ("ftp://example.com/token-4711", "got the scheme 'ftp'"),
        ("example.com/token-4711", "got the scheme ''"),
        ("https:///token-4711", "begins with https://HOST"),
        ("https://example.com:99999/token-4711", "cannot be read"),
        ("https://[::1/token-4711", "cannot be read"),
    ],
)
def test_a_url_that_notices_may_not_go_to_is_refused_and_not_shown(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Webhook(url, secret=SECRET)
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@Example.com/a?b=c", "https://example.com"),
        ("https://example.com:8443/a", "https://example.com:8443"),
        ("http://localhost:1/a", "http://localhost:1"),
        ("http://127.0.0.2/a", "http://127.0.0.2"),
        ("http://[::1]:1/a", "http://[::1]:1"),
    ],
)
def test_only_the_host_is_shown(url: str, shown: str) -> None:
    assert repr(Webhook(url, secret=SECRET)) == f"Webhook({shown!r})"
    assert repr(Webhook("http://inside/a", secret=SECRET, allow_http=True)) == "Webhook('http://inside')"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout must be more than 0 and at most 45 seconds, got 0"),
        ({"timeout": 46}, "got 46"),
        ({"timeout": float("nan")}, "got nan"),
        ({"events": ["run_ended", "weather"]}, r"events has \['weather'\]; expected some of: request, "),
        ({"events": []}, "events is empty"),
    ],
)
def test_odd_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Webhook("https://example.com", secret=SECRET, **options)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as made:
        yield made


@pytest.fixture
async def hook(receiver: Receiver) -> AsyncIterator[Webhook]:
    made = Webhook(receiver.url, secret=receiver.secret)
    yield made
    await made.close()


async def test_a_notice_is_sent(receiver: Receiver, hook: Webhook) -> None:
    await hook.send(NOTICE)
    (got,) = receiver.received
    assert (got.id, got.type, got.data) == ("abc-7", "run_ended", NOTICE.to_json())
    assert got.headers["content-type"] == "application/json"
    await hook.send(NOTICE)
    assert [item.id for item in receiver.received] == ["abc-7", "abc-7"]


async def test_both_of_two_secrets_sign(receiver: Receiver) -> None:
    other = new_webhook_secret()
    hook = Webhook(receiver.url, secret=[other, receiver.secret])
    await hook.send(NOTICE)
    await hook.close()
    (got,) = receiver.received
    assert verify_webhook(encode(NOTICE), got.headers, other) == verify_webhook(
        encode(NOTICE), got.headers, receiver.secret
    )


async def test_what_is_not_wanted_is_not_sent(receiver: Receiver) -> None:
    hook = Webhook(receiver.url, secret=receiver.secret, events=["request"])
    await hook.send(NOTICE)
    assert receiver.received == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_well(receiver: Receiver, hook: Webhook, status: int) -> None:
    receiver.plan = [status]
    await hook.send(NOTICE)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 422])
async def test_what_is_final(receiver: Receiver, hook: Webhook, status: int) -> None:
    receiver.plan = [(status, {"location": receiver.url})]
    with pytest.raises(SinkRefusedError, match=f"^http://127.0.0.1:{receiver.port} answered {status}"):
        await hook.send(NOTICE)
    assert len(receiver.received) == 1, "redirects are not followed"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
async def test_what_is_tried_again(receiver: Receiver, hook: Webhook, status: int) -> None:
    receiver.plan = [status]
    with pytest.raises(SinkUnavailableError, match=f"answered {status}") as failed:
        await hook.send(NOTICE)
    assert failed.value.retry_after is None


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("-3", 0, 0),
        ("99999", 3600, 3600),
        (600, 500, 600),
        (-600, 0, 0),
    ],
)
async def test_retry_after_is_told(
    receiver: Receiver, hook: Webhook, value: str | int, least: float, most: float
) -> None:
    # A number stands for a date so many seconds from now.
    date = (
        value if isinstance(value, str) else format_datetime(datetime.now(UTC) + timedelta(seconds=value), usegmt=True)
    )
    receiver.plan = [(429, {"retry-after": date})]
    with pytest.raises(SinkUnavailableError) as failed:
        await hook.send(NOTICE)
    assert failed.value.retry_after is not None
    assert least <= failed.value.retry_after <= most


@pytest.mark.parametrize("value", ["soon", "nan", "inf", ""])
async def test_an_odd_retry_after_is_ignored(receiver: Receiver, hook: Webhook, value: str) -> None:
    receiver.plan = [(503, {"retry-after": value})]
    with pytest.raises(SinkUnavailableError) as failed:
        await hook.send(NOTICE)
    assert failed.value.retry_after is None


async def test_no_answer_in_time(receiver: Receiver) -> None:
    receiver.plan = [HANG]
    hook = Webhook(receiver.url, secret=receiver.secret, timeout=0.2)
    with pytest.raises(SinkUnavailableError, match=r"gave no answer within 0.2 s"):
        await hook.send(NOTICE)
    await hook.close()


async def test_nobody_there(receiver: Receiver, hook: Webhook) -> None:
    await receiver.stop()
    with pytest.raises(SinkUnavailableError, match="was not reached: ConnectError") as failed:
        await hook.send(NOTICE)
    assert "secret-path" not in str(failed.value)


async def test_an_answer_that_never_ends_is_an_answer(hook: Webhook) -> None:
    over = asyncio.Event()

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        await response.write(b"x" * 100_000)
        await over.wait()
        return response

    app = web.Application()
    app.router.add_post("/", trickle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink = Webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/", secret=SECRET, timeout=5)
    await sink.send(NOTICE)
    over.set()
    await sink.close()
    await runner.cleanup()


async def test_a_webhook_serves_another_event_loop_after_it_was_closed(receiver: Receiver, hook: Webhook) -> None:
    await hook.send(NOTICE)
    await hook.close()

    async def again() -> None:
        await hook.send(NOTICE)
        await hook.close()

    await asyncio.to_thread(asyncio.run, again())
    assert len(receiver.received) == 2


def test_lone_surrogates_do_not_keep_a_notice_from_being_sent() -> None:
    odd = Notice(id="a-1", kind="request", time="t", chat="c", team="t", offset=1, prompt="\ud800")
    assert json.loads(encode(odd))["data"]["prompt"] == "?"
