"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.difference import Difference
    from ..models.side import Side


T = TypeVar("T", bound="Comparison")


@_attrs_define
class Comparison:
    """Two snapshots side by side."""

    shared: int
    """ Offset of the last entry both branches have. """
    first: Side
    """ What only one of two snapshots has. """
    second: Side
    """ What only one of two snapshots has. """
    state: list[Difference]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        shared = self.shared

        first = self.first.to_dict()

        second = self.second.to_dict()

        state = []
        for state_item_data in self.state:
            state_item = state_item_data.to_dict()
            state.append(state_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "shared": shared,
                "first": first,
                "second": second,
                "state": state,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.difference import Difference  # noqa: PLC0415
        from ..models.side import Side  # noqa: PLC0415

        d = dict(src_dict)
        shared = d.pop("shared")

        first = Side.from_dict(d.pop("first"))

        second = Side.from_dict(d.pop("second"))

        state = []
        _state = d.pop("state")
        for state_item_data in _state:
            state_item = Difference.from_dict(state_item_data)

            state.append(state_item)

        comparison = cls(
            shared=shared,
            first=first,
            second=second,
            state=state,
        )

        comparison.additional_properties = d
        return comparison

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
