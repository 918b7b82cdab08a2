"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.chat_state import ChatState

T = TypeVar("T", bound="ChatSummary")


@_attrs_define
class ChatSummary:
    """A line of a list of chats. It follows the chat within a second or so."""

    id: str
    status: ChatState
    """ Where a chat stands. """
    team: str
    tenant: str
    turns: int
    """ Written at least every 20 turns. """
    tokens: int
    waiting_for: list[str]
    due: datetime.datetime | None
    """ The earliest deadline of what it waits for. """
    started: datetime.datetime
    """ When it was opened, or last continued as new. """
    closed: datetime.datetime | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        status = self.status.value

        team = self.team

        tenant = self.tenant

        turns = self.turns

        tokens = self.tokens

        waiting_for = self.waiting_for

        due: None | str
        if isinstance(self.due, datetime.datetime):
            due = self.due.isoformat()
        else:
            due = self.due

        started = self.started.isoformat()

        closed: None | str
        if isinstance(self.closed, datetime.datetime):
            closed = self.closed.isoformat()
        else:
            closed = self.closed

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "team": team,
                "tenant": tenant,
                "turns": turns,
                "tokens": tokens,
                "waiting_for": waiting_for,
                "due": due,
                "started": started,
                "closed": closed,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        status = ChatState(d.pop("status"))

        team = d.pop("team")

        tenant = d.pop("tenant")

        turns = d.pop("turns")

        tokens = d.pop("tokens")

        waiting_for = cast(list[str], d.pop("waiting_for"))

        def _parse_due(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                due_type_0 = datetime.datetime.fromisoformat(data)

                return due_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        due = _parse_due(d.pop("due"))

        started = datetime.datetime.fromisoformat(d.pop("started"))

        def _parse_closed(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_type_0 = datetime.datetime.fromisoformat(data)

                return closed_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed = _parse_closed(d.pop("closed"))

        chat_summary = cls(
            id=id,
            status=status,
            team=team,
            tenant=tenant,
            turns=turns,
            tokens=tokens,
            waiting_for=waiting_for,
            due=due,
            started=started,
            closed=closed,
        )

        chat_summary.additional_properties = d
        return chat_summary

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
