"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="Entry")


@_attrs_define
class Entry:
    """An entry of a chat's log."""

    offset: int
    kind: str
    """ What happened: `message`, `event`, `turn`, `run_started`, ... """
    time: str
    """ ISO 8601, UTC. """
    data: JsonObject
    message: JsonObject | None
    """ AutoGen's JSON of the message or event, for entries that are one. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        offset = self.offset

        kind = self.kind

        time = self.time

        data = self.data.to_dict()

        message: dict[str, Any] | None
        if isinstance(self.message, JsonObject):
            message = self.message.to_dict()
        else:
            message = self.message

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "offset": offset,
                "kind": kind,
                "time": time,
                "data": data,
                "message": message,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        offset = d.pop("offset")

        kind = d.pop("kind")

        time = d.pop("time")

        data = JsonObject.from_dict(d.pop("data"))

        def _parse_message(data: object) -> JsonObject | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                message_type_0 = JsonObject.from_dict(data)

                return message_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None, data)

        message = _parse_message(d.pop("message"))

        entry = cls(
            offset=offset,
            kind=kind,
            time=time,
            data=data,
            message=message,
        )

        entry.additional_properties = d
        return entry

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
