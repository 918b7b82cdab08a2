"""The payload codec, the failures it gets, and how a client comes by both."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.exceptions import ApplicationError
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from folkmoot import FolkmootPlugin
from folkmoot._temporal.encrypting import keys_of, with_encryption
from folkmoot._temporal.failures import CallFailedError, ChatFailureConverter, EncodedChatFailureConverter
from folkmoot._temporal.names import ACTIVITY_MODEL
from folkmoot.encryption import DamagedError, EncryptionCodec, EncryptionKeyError, KeyRing, new_key

OLD, NEW = (KeyRing.parse(f"{name}:{new_key()}") for name in ("old", "new"))
BOTH = KeyRing({**NEW.keys, **OLD.keys})
PLAIN = Payload(metadata={"encoding": b"json/plain", "messageType": b"x.Y"}, data=b'"a secret"')


async def test_a_payload_comes_back_whole() -> None:
    codec = EncryptionCodec(OLD)
    payloads = [PLAIN, Payload(metadata={"encoding": b"binary/null"}), Payload()]
    coded = await codec.encode(payloads)
    assert await codec.decode(coded) == payloads
    assert {payload.metadata["encoding"] for payload in coded} == {b"binary/encrypted"}
    assert {payload.metadata["encryption-key-id"] for payload in coded} == {b"old"}
    for payload in coded:
        assert set(payload.metadata) == {"encoding", "encryption-key-id"}, "the inner metadata is encrypted, too"
        assert b"secret" not in payload.SerializeToString()
    assert (await codec.encode([PLAIN]))[0].data != coded[0].data, "equal payloads do not look alike"


async def test_what_it_adds_is_small() -> None:
    large = Payload(metadata={"encoding": b"json/plain"}, data=b"x" * 1_500_000)
    (coded,) = await EncryptionCodec(OLD).encode([large])
    assert coded.ByteSize() - large.ByteSize() < 200


async def test_plain_payloads_pass() -> None:
    assert await EncryptionCodec(OLD).decode([PLAIN]) == [PLAIN]
    assert await EncryptionCodec(None).decode([PLAIN]) == [PLAIN]
    assert await EncryptionCodec(None).encode([PLAIN]) == [PLAIN]


async def test_missing_keys_are_named() -> None:
    coded = await EncryptionCodec(OLD).encode([PLAIN])
    assert await EncryptionCodec(BOTH).decode(coded) == [PLAIN]
    with pytest.raises(EncryptionKeyError, match=r"'old', which is not here \(keys here: 'new'\)"):
        await EncryptionCodec(NEW).decode(coded)
    with pytest.raises(EncryptionKeyError, match=r"'old', which is not here \(keys here: none\)"):
        await EncryptionCodec(None).decode(coded)


async def test_damaged_payloads_are_refused() -> None:
    (coded,) = await EncryptionCodec(BOTH).encode([PLAIN])
    relabelled = Payload(metadata={**coded.metadata, "encryption-key-id": b"old"}, data=coded.data)
    cut = Payload(metadata=coded.metadata, data=coded.data[:10])
    nothing = Payload(metadata=coded.metadata)
    foreign = Payload(metadata=coded.metadata, data=BOTH.encrypt(b"\xff no payload", b"binary/encrypted\0new"))
    for payload in (relabelled, cut, nothing, foreign):
        with pytest.raises(DamagedError, match=r"the key '(old|new)'"):
            await EncryptionCodec(BOTH).decode([payload])


class Shouting(PayloadCodec):
    """A codec of a user's own."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


def test_a_converter_gets_codec_and_failures() -> None:
    found = with_encryption(DataConverter.default, OLD, given=True)
    assert keys_of(found) == OLD
    assert found.failure_converter_class is EncodedChatFailureConverter
    again = with_encryption(found, None, given=False)
    assert (keys_of(again), again.failure_converter_class) == (OLD, EncodedChatFailureConverter)
    assert keys_of(with_encryption(found, NEW, given=False)) == OLD, "the environment's keys come last"
    assert keys_of(with_encryption(found, KeyRing(OLD.keys), given=True)) == OLD
    with pytest.raises(ValueError, match="other encryption keys than the plugin"):
        with_encryption(found, NEW, given=True)


def test_without_keys_nothing_is_encrypted_and_what_is_is_refused() -> None:
    found = with_encryption(DataConverter.default, None, given=False)
    assert keys_of(found) is None
    assert isinstance(found.payload_codec, EncryptionCodec)
    assert found.failure_converter_class is ChatFailureConverter
    assert keys_of(with_encryption(found, OLD, given=True)) == OLD


def test_a_codec_of_ones_own_stays_and_two_are_refused() -> None:
    own = dataclasses.replace(DataConverter.default, payload_codec=Shouting())
    assert with_encryption(own, None, given=False).payload_codec is own.payload_codec
    assert keys_of(own) is None
    with pytest.raises(ValueError, match="a payload codec, Shouting, and encryption= asks for another"):
        with_encryption(own, OLD, given=True)
    with pytest.raises(ValueError, match="Shouting, and FOLKMOOT_ENCRYPTION_KEYS asks for another"):
        with_encryption(own, OLD, given=False)


def test_a_failure_converter_that_tells_is_refused() -> None:
    class Telling(DefaultFailureConverter):
        pass

    class Silent(DefaultFailureConverterWithEncodedAttributes):
        pass

    def of(kind: type[DefaultFailureConverter]) -> DataConverter:
        return dataclasses.replace(DataConverter.default, failure_converter_class=kind)

    with pytest.raises(ValueError, match="failure converter, Telling, leaves the texts of errors readable"):
        with_encryption(of(Telling), OLD, given=True)
    assert with_encryption(of(Silent), OLD, given=True).failure_converter_class is Silent
    assert with_encryption(of(Telling), None, given=True).failure_converter_class is Telling


def test_the_plugin_takes_the_environments_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv("FOLKMOOT_ENCRYPTION_KEYS", f"env:{key}")

    def keys(plugin: FolkmootPlugin) -> KeyRing | None:
        return keys_of(plugin.configure_client({})["data_converter"])  # type: ignore[typeddict-item]

    assert keys(FolkmootPlugin()) == KeyRing.parse(f"env:{key}")
    assert keys(FolkmootPlugin(encryption=OLD)) == OLD
    monkeypatch.setenv("FOLKMOOT_ENCRYPTION_KEYS", key)
    with pytest.raises(ValueError, match="Encryption key 1") as raised:
        FolkmootPlugin()
    assert key not in str(raised.value)
    monkeypatch.delenv("FOLKMOOT_ENCRYPTION_KEYS")
    assert keys(FolkmootPlugin()) is None


def test_what_breaks_in_a_replay_is_told() -> None:
    config = FolkmootPlugin(encryption=OLD).configure_replayer({"workflow_runner": SandboxedWorkflowRunner()})
    converter = config["data_converter"]  # type: ignore[typeddict-item]
    assert keys_of(converter) == OLD
    failure = Failure()
    converter.failure_converter.to_failure(raised(), converter.payload_converter, failure)
    assert failure.message == "a secret text"


def raised(kind: type[ApplicationError] = ApplicationError) -> ApplicationError:
    """An error with a cause, and tracebacks."""
    try:
        try:
            raise KeyError("a secret cause")
        except KeyError as cause:
            raise kind("a secret text", "a secret detail", type="Told") from cause
    except ApplicationError as error:
        return error


async def test_failures_are_encrypted_and_come_back() -> None:
    converter = with_encryption(DataConverter.default, OLD, given=True)
    failure = Failure()
    await converter.encode_failure(raised(), failure)
    data = failure.SerializeToString()
    assert b"secret" not in data
    assert b"test_payloads" not in data, "no traceback either"
    assert failure.application_failure_info.type == "Told"
    # As when a workflow passes on the failure of an activity.
    error = await converter.decode_failure(failure)
    again = Failure()
    await converter.encode_failure(error, again)
    assert b"secret" not in again.SerializeToString()
    found = await converter.decode_failure(again)
    assert isinstance(found, ApplicationError)
    assert (found.message, list(found.details), found.type) == ("a secret text", ["a secret detail"], "Told")
    assert isinstance(found.cause, ApplicationError)
    assert "a secret cause" in found.cause.message
    assert found.failure is not None
    assert "test_payloads" in found.failure.stack_trace


async def test_a_failure_from_before_is_encrypted_when_it_is_passed_on() -> None:
    plain, coded = (with_encryption(DataConverter.default, keys, given=True) for keys in (None, OLD))
    failure, again = Failure(), Failure()
    await plain.encode_failure(raised(), failure)
    assert b"a secret cause" in failure.SerializeToString()
    await coded.encode_failure(await coded.decode_failure(failure), again)
    assert b"secret" not in again.SerializeToString()


@pytest.mark.parametrize("converter", [ChatFailureConverter(), EncodedChatFailureConverter()])
def test_calls_leave_no_traceback(converter: ChatFailureConverter) -> None:
    failure = Failure()
    converter.to_failure(raised(CallFailedError), DataConverter.default.payload_converter, failure)
    top = json.loads(failure.encoded_attributes.data or b'{"stack_trace": ""}')
    assert (failure.stack_trace, top["stack_trace"]) == ("", "")


@pytest.mark.parametrize("kind", [ACTIVITY_MODEL, "users.own"])
def test_a_call_that_cannot_be_read_waits_for_the_key(kind: str) -> None:
    error = ApplicationError("Failed decoding arguments")
    error.__cause__ = EncryptionKeyError("new", ("old",))
    context = ActivitySerializationContext(
        namespace="n", activity_id="1", activity_type=kind, activity_task_queue="q", is_local=False,
        workflow_id="w", workflow_type="t",
    )  # fmt: skip
    for converter in (ChatFailureConverter(), EncodedChatFailureConverter()):
        failure = Failure()
        converter.with_context(context).to_failure(error, DataConverter.default.payload_converter, failure)
        told = converter.from_failure(failure, DataConverter.default.payload_converter)
        assert isinstance(told, ApplicationError)
        if kind == ACTIVITY_MODEL:
            assert (told.type, list(told.details)) == ("UnknownNameError", ["worker:key:new"])
            assert (told.non_retryable, "'new', which is not here" in told.message) == (True, True)
        else:
            assert (told.message, told.non_retryable) == ("Failed decoding arguments", False)
