"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="LabelSnapshot")


@_attrs_define
class LabelSnapshot:
    """A name for a snapshot."""

    label: str
    offset: int | None | Unset = UNSET
    """ Which snapshot; with neither offset nor turn: the last one. """
    turn: int | None | Unset = UNSET
    remove: bool | Unset = False
    """ Take the name away from whatever snapshot has it. """

    def to_dict(self) -> dict[str, Any]:
        label = self.label

        offset: int | None | Unset
        if isinstance(self.offset, Unset):
            offset = UNSET
        else:
            offset = self.offset

        turn: int | None | Unset
        if isinstance(self.turn, Unset):
            turn = UNSET
        else:
            turn = self.turn

        remove = self.remove

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "label": label,
            }
        )
        if offset is not UNSET:
            field_dict["offset"] = offset
        if turn is not UNSET:
            field_dict["turn"] = turn
        if remove is not UNSET:
            field_dict["remove"] = remove

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        label = d.pop("label")

        def _parse_offset(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        offset = _parse_offset(d.pop("offset", UNSET))

        def _parse_turn(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        turn = _parse_turn(d.pop("turn", UNSET))

        remove = d.pop("remove", UNSET)

        label_snapshot = cls(
            label=label,
            offset=offset,
            turn=turn,
            remove=remove,
        )

        return label_snapshot
