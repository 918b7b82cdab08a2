"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.verdict import Verdict
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="Decide")


@_attrs_define
class Decide:
    """A vote. Who votes is told by the token, and by nothing else."""

    verdict: Verdict
    """ What people decide: of approvals approve, reject, edit, answer; of unknown outcomes succeeded, failed,
    retry. """
    hash_: None | str | Unset = UNSET
    """ Of what was looked at: `hash` of the request in `GET /v1/chats/{id}/requests`. Only a rejection goes
    without, and
    is then of what is pending right now. """
    reason: str | Unset = ""
    """ For whoever asked: models read it. """
    comment: str | Unset = ""
    """ For people, in the log. """
    arguments: JsonObject | None | Unset = UNSET
    """ What the arguments are changed to, with edit; with the approval of a budget, how much more. """
    content: None | str | Unset = UNSET
    """ The answer in the tool's place, or the result of a call whose outcome was unknown. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        verdict = self.verdict.value

        hash_: None | str | Unset
        if isinstance(self.hash_, Unset):
            hash_ = UNSET
        else:
            hash_ = self.hash_

        reason = self.reason

        comment = self.comment

        arguments: dict[str, Any] | None | Unset
        if isinstance(self.arguments, Unset):
            arguments = UNSET
        elif isinstance(self.arguments, JsonObject):
            arguments = self.arguments.to_dict()
        else:
            arguments = self.arguments

        content: None | str | Unset
        if isinstance(self.content, Unset):
            content = UNSET
        else:
            content = self.content

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "verdict": verdict,
            }
        )
        if hash_ is not UNSET:
            field_dict["hash"] = hash_
        if reason is not UNSET:
            field_dict["reason"] = reason
        if comment is not UNSET:
            field_dict["comment"] = comment
        if arguments is not UNSET:
            field_dict["arguments"] = arguments
        if content is not UNSET:
            field_dict["content"] = content

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        verdict = Verdict(d.pop("verdict"))

        def _parse_hash_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hash_ = _parse_hash_(d.pop("hash", UNSET))

        reason = d.pop("reason", UNSET)

        comment = d.pop("comment", UNSET)

        def _parse_arguments(data: object) -> JsonObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                arguments_type_0 = JsonObject.from_dict(data)

                return arguments_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None | Unset, data)

        arguments = _parse_arguments(d.pop("arguments", UNSET))

        def _parse_content(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        content = _parse_content(d.pop("content", UNSET))

        decide = cls(
            verdict=verdict,
            hash_=hash_,
            reason=reason,
            comment=comment,
            arguments=arguments,
            content=content,
        )

        return decide
