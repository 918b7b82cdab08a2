"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ProcessStarted")


@_attrs_define
class ProcessStarted:
    """A process that was started, or that there was."""

    process: str
    number: str
    workflow_id: str
    """ The id of its workflow. """
    created: bool
    """ Whether it was not there before. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        process = self.process

        number = self.number

        workflow_id = self.workflow_id

        created = self.created

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "process": process,
                "number": number,
                "workflow_id": workflow_id,
                "created": created,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        process = d.pop("process")

        number = d.pop("number")

        workflow_id = d.pop("workflow_id")

        created = d.pop("created")

        process_started = cls(
            process=process,
            number=number,
            workflow_id=workflow_id,
            created=created,
        )

        process_started.additional_properties = d
        return process_started

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
