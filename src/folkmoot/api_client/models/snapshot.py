"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Snapshot")


@_attrs_define
class Snapshot:
    """A point a chat can be read at, rolled back to or forked from."""

    offset: int
    """ Its id. """
    turn: int
    run: int
    speakers: list[str]
    time: str
    reason: str
    """ `turn`, `wait`, `load` or `change`. """
    parent: int | None
    tokens: int
    branch: int
    current: bool
    """ It lies on the branch the chat is on. """
    labels: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        offset = self.offset

        turn = self.turn

        run = self.run

        speakers = self.speakers

        time = self.time

        reason = self.reason

        parent: int | None
        parent = self.parent

        tokens = self.tokens

        branch = self.branch

        current = self.current

        labels = self.labels

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "offset": offset,
                "turn": turn,
                "run": run,
                "speakers": speakers,
                "time": time,
                "reason": reason,
                "parent": parent,
                "tokens": tokens,
                "branch": branch,
                "current": current,
                "labels": labels,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        offset = d.pop("offset")

        turn = d.pop("turn")

        run = d.pop("run")

        speakers = cast(list[str], d.pop("speakers"))

        time = d.pop("time")

        reason = d.pop("reason")

        def _parse_parent(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        parent = _parse_parent(d.pop("parent"))

        tokens = d.pop("tokens")

        branch = d.pop("branch")

        current = d.pop("current")

        labels = cast(list[str], d.pop("labels"))

        snapshot = cls(
            offset=offset,
            turn=turn,
            run=run,
            speakers=speakers,
            time=time,
            reason=reason,
            parent=parent,
            tokens=tokens,
            branch=branch,
            current=current,
            labels=labels,
        )

        snapshot.additional_properties = d
        return snapshot

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
