"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.old_messages_termination_type_0 import OldMessagesTerminationType0
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject
    from ..models.old_messages_names import OldMessagesNames
    from ..models.old_messages_termination_type_1 import OldMessagesTerminationType1


T = TypeVar("T", bound="OldMessages")


@_attrs_define
class OldMessages:
    """Old messages to go on from, and how they are to be read."""

    messages: list[JsonObject]
    """ Oldest first: ours, AutoGen's, or dictionaries of AutoGen 0.2. """
    termination: None | OldMessagesTerminationType0 | OldMessagesTerminationType1 | Unset = UNSET
    """ What becomes of the last one's text: none and `keep` leave it, and none warns if it would end the chat;
    `remove`
    takes out what the team's conditions look for; an object replaces texts. """
    admin_name: str | Unset = "Admin"
    """ A further name of the person outside. """
    names: OldMessagesNames | Unset = UNSET
    """ Names in the messages, and the participants they mean. """
    max_tokens: int | None | Unset = UNSET
    """ Only the newest that have no more tokens together, and the first task, are kept. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.old_messages_termination_type_1 import OldMessagesTerminationType1  # noqa: PLC0415

        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        termination: dict[str, Any] | None | str | Unset
        if isinstance(self.termination, Unset):
            termination = UNSET
        elif isinstance(self.termination, OldMessagesTerminationType0):
            termination = self.termination.value
        elif isinstance(self.termination, OldMessagesTerminationType1):
            termination = self.termination.to_dict()
        else:
            termination = self.termination

        admin_name = self.admin_name

        names: dict[str, Any] | Unset = UNSET
        if not isinstance(self.names, Unset):
            names = self.names.to_dict()

        max_tokens: int | None | Unset
        if isinstance(self.max_tokens, Unset):
            max_tokens = UNSET
        else:
            max_tokens = self.max_tokens

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "messages": messages,
            }
        )
        if termination is not UNSET:
            field_dict["termination"] = termination
        if admin_name is not UNSET:
            field_dict["admin_name"] = admin_name
        if names is not UNSET:
            field_dict["names"] = names
        if max_tokens is not UNSET:
            field_dict["max_tokens"] = max_tokens

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415
        from ..models.old_messages_names import OldMessagesNames  # noqa: PLC0415
        from ..models.old_messages_termination_type_1 import OldMessagesTerminationType1  # noqa: PLC0415

        d = dict(src_dict)
        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = JsonObject.from_dict(messages_item_data)

            messages.append(messages_item)

        def _parse_termination(
            data: object,
        ) -> None | OldMessagesTerminationType0 | OldMessagesTerminationType1 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                termination_type_0 = OldMessagesTerminationType0(data)

                return termination_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                termination_type_1 = OldMessagesTerminationType1.from_dict(data)

                return termination_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OldMessagesTerminationType0 | OldMessagesTerminationType1 | Unset, data)

        termination = _parse_termination(d.pop("termination", UNSET))

        admin_name = d.pop("admin_name", UNSET)

        _names = d.pop("names", UNSET)
        names: OldMessagesNames | Unset
        if isinstance(_names, Unset):
            names = UNSET
        else:
            names = OldMessagesNames.from_dict(_names)

        def _parse_max_tokens(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_tokens = _parse_max_tokens(d.pop("max_tokens", UNSET))

        old_messages = cls(
            messages=messages,
            termination=termination,
            admin_name=admin_name,
            names=names,
            max_tokens=max_tokens,
        )

        return old_messages
