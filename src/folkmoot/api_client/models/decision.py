"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Decision")


@_attrs_define
class Decision:
    """A vote that counted."""

    chat: str
    request: str
    verdict: str
    """ The vote's. """
    offset: int
    """ Of the vote in the log. """
    decided: None | str
    """ What the request was decided to with it; null: it is still open. """
    missing: int
    """ How many more must agree. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        chat = self.chat

        request = self.request

        verdict = self.verdict

        offset = self.offset

        decided: None | str
        decided = self.decided

        missing = self.missing

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chat": chat,
                "request": request,
                "verdict": verdict,
                "offset": offset,
                "decided": decided,
                "missing": missing,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        chat = d.pop("chat")

        request = d.pop("request")

        verdict = d.pop("verdict")

        offset = d.pop("offset")

        def _parse_decided(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        decided = _parse_decided(d.pop("decided"))

        missing = d.pop("missing")

        decision = cls(
            chat=chat,
            request=request,
            verdict=verdict,
            offset=offset,
            decided=decided,
            missing=missing,
        )

        decision.additional_properties = d
        return decision

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
