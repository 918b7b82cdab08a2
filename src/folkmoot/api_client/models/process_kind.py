"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.json_object import JsonObject
    from ..models.process_kind_signals import ProcessKindSignals


T = TypeVar("T", bound="ProcessKind")


@_attrs_define
class ProcessKind:
    """A kind of process that can be started."""

    name: str
    description: str
    number: str
    """ The field of the request that tells one process from others. """
    by: list[str]
    """ Fields that say who asks. They are filled in. """
    request: JsonObject
    signals: ProcessKindSignals
    """ The JSON schemas of what its signals take. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        description = self.description

        number = self.number

        by = self.by

        request = self.request.to_dict()

        signals = self.signals.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "description": description,
                "number": number,
                "by": by,
                "request": request,
                "signals": signals,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415
        from ..models.process_kind_signals import ProcessKindSignals  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        description = d.pop("description")

        number = d.pop("number")

        by = cast(list[str], d.pop("by"))

        request = JsonObject.from_dict(d.pop("request"))

        signals = ProcessKindSignals.from_dict(d.pop("signals"))

        process_kind = cls(
            name=name,
            description=description,
            number=number,
            by=by,
            request=request,
            signals=signals,
        )

        process_kind.additional_properties = d
        return process_kind

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
