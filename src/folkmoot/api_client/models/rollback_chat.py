"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RollbackChat")


@_attrs_define
class RollbackChat:
    """Where to go back to."""

    offset: int | None | Unset = UNSET
    """ Its offset, on whatever branch. """
    turn: int | None | Unset = UNSET
    """ The turn of the present branch after which it was taken. """
    label: None | str | Unset = UNSET
    """ The name someone gave it. """
    force: bool | Unset = False
    """ End a run that is under way first. """
    compensate: bool | Unset = False
    """ Have the tools run that undo crossed calls, the latest first. """

    def to_dict(self) -> dict[str, Any]:
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

        label: None | str | Unset
        if isinstance(self.label, Unset):
            label = UNSET
        else:
            label = self.label

        force = self.force

        compensate = self.compensate

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if offset is not UNSET:
            field_dict["offset"] = offset
        if turn is not UNSET:
            field_dict["turn"] = turn
        if label is not UNSET:
            field_dict["label"] = label
        if force is not UNSET:
            field_dict["force"] = force
        if compensate is not UNSET:
            field_dict["compensate"] = compensate

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

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

        def _parse_label(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        label = _parse_label(d.pop("label", UNSET))

        force = d.pop("force", UNSET)

        compensate = d.pop("compensate", UNSET)

        rollback_chat = cls(
            offset=offset,
            turn=turn,
            label=label,
            force=force,
            compensate=compensate,
        )

        return rollback_chat
