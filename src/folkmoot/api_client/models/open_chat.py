"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject
    from ..models.old_messages import OldMessages


T = TypeVar("T", bound="OpenChat")


@_attrs_define
class OpenChat:
    """A chat to open, or to find where it lives already."""

    team: JsonObject | str
    """ The name of a team of this server; or the JSON of a team's or an agent's spec, for the role `designer`. """
    id: None | str | Unset = UNSET
    """ Its id; none: one is made. """
    task: list[JsonObject] | None | str | Unset = UNSET
    """ Start a run with this task: a text, or messages in AutoGen's JSON. """
    replace: bool | Unset = False
    """ Start anew where a chat of that id was closed. """
    messages: list[JsonObject] | None | OldMessages | Unset = UNSET
    """ Old messages to begin with: ours, AutoGen's, or dictionaries of AutoGen 0.2. """
    state: JsonObject | None | Unset = UNSET
    """ A saved state to begin with, ours or AutoGen's. """
    tenant: None | str | Unset = UNSET
    """ Whose chat it is; none: the caller's tenant. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415
        from ..models.old_messages import OldMessages  # noqa: PLC0415

        team: dict[str, Any] | str
        if isinstance(self.team, JsonObject):
            team = self.team.to_dict()
        else:
            team = self.team

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        task: list[dict[str, Any]] | None | str | Unset
        if isinstance(self.task, Unset):
            task = UNSET
        elif isinstance(self.task, list):
            task = []
            for task_type_1_item_data in self.task:
                task_type_1_item = task_type_1_item_data.to_dict()
                task.append(task_type_1_item)

        else:
            task = self.task

        replace = self.replace

        messages: dict[str, Any] | list[dict[str, Any]] | None | Unset
        if isinstance(self.messages, Unset):
            messages = UNSET
        elif isinstance(self.messages, list):
            messages = []
            for messages_type_0_item_data in self.messages:
                messages_type_0_item = messages_type_0_item_data.to_dict()
                messages.append(messages_type_0_item)

        elif isinstance(self.messages, OldMessages):
            messages = self.messages.to_dict()
        else:
            messages = self.messages

        state: dict[str, Any] | None | Unset
        if isinstance(self.state, Unset):
            state = UNSET
        elif isinstance(self.state, JsonObject):
            state = self.state.to_dict()
        else:
            state = self.state

        tenant: None | str | Unset
        if isinstance(self.tenant, Unset):
            tenant = UNSET
        else:
            tenant = self.tenant

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "team": team,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if task is not UNSET:
            field_dict["task"] = task
        if replace is not UNSET:
            field_dict["replace"] = replace
        if messages is not UNSET:
            field_dict["messages"] = messages
        if state is not UNSET:
            field_dict["state"] = state
        if tenant is not UNSET:
            field_dict["tenant"] = tenant

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415
        from ..models.old_messages import OldMessages  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_team(data: object) -> JsonObject | str:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                team_type_1 = JsonObject.from_dict(data)

                return team_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | str, data)

        team = _parse_team(d.pop("team"))

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        def _parse_task(data: object) -> list[JsonObject] | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                task_type_1 = []
                _task_type_1 = data
                for task_type_1_item_data in _task_type_1:
                    task_type_1_item = JsonObject.from_dict(task_type_1_item_data)

                    task_type_1.append(task_type_1_item)

                return task_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[JsonObject] | None | str | Unset, data)

        task = _parse_task(d.pop("task", UNSET))

        replace = d.pop("replace", UNSET)

        def _parse_messages(data: object) -> list[JsonObject] | None | OldMessages | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                messages_type_0 = []
                _messages_type_0 = data
                for messages_type_0_item_data in _messages_type_0:
                    messages_type_0_item = JsonObject.from_dict(messages_type_0_item_data)

                    messages_type_0.append(messages_type_0_item)

                return messages_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                messages_type_1 = OldMessages.from_dict(data)

                return messages_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[JsonObject] | None | OldMessages | Unset, data)

        messages = _parse_messages(d.pop("messages", UNSET))

        def _parse_state(data: object) -> JsonObject | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                state_type_0 = JsonObject.from_dict(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None | Unset, data)

        state = _parse_state(d.pop("state", UNSET))

        def _parse_tenant(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant = _parse_tenant(d.pop("tenant", UNSET))

        open_chat = cls(
            team=team,
            id=id,
            task=task,
            replace=replace,
            messages=messages,
            state=state,
            tenant=tenant,
        )

        return open_chat
