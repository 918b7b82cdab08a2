"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="InboxItem")


@_attrs_define
class InboxItem:
    """A request to people, in short; the chat's requests tell it in full."""

    chat: str
    team: str
    request: str
    """ Its id. """
    kind: str
    path: str
    """ Who asks. """
    name: str
    """ The tool's name. """
    since: str
    """ ISO 8601, UTC. """
    due: None | str
    """ Its deadline, ISO 8601 in UTC. """
    overdue: bool
    """ The deadline is over. """
    who: list[str]
    """ Who may decide: `person:ID`, `role:NAME`, or `anyone`; the first five. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        chat = self.chat

        team = self.team

        request = self.request

        kind = self.kind

        path = self.path

        name = self.name

        since = self.since

        due: None | str
        due = self.due

        overdue = self.overdue

        who = self.who

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chat": chat,
                "team": team,
                "request": request,
                "kind": kind,
                "path": path,
                "name": name,
                "since": since,
                "due": due,
                "overdue": overdue,
                "who": who,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        chat = d.pop("chat")

        team = d.pop("team")

        request = d.pop("request")

        kind = d.pop("kind")

        path = d.pop("path")

        name = d.pop("name")

        since = d.pop("since")

        def _parse_due(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        due = _parse_due(d.pop("due"))

        overdue = d.pop("overdue")

        who = cast(list[str], d.pop("who"))

        inbox_item = cls(
            chat=chat,
            team=team,
            request=request,
            kind=kind,
            path=path,
            name=name,
            since=since,
            due=due,
            overdue=overdue,
            who=who,
        )

        inbox_item.additional_properties = d
        return inbox_item

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
