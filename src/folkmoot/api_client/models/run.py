"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.run_status import RunStatus

if TYPE_CHECKING:
    from ..models.json_object import JsonObject
    from ..models.run_error import RunError


T = TypeVar("T", bound="Run")


@_attrs_define
class Run:
    """A run of a chat."""

    chat: str
    run: int
    """ Its number. """
    offset: int
    """ Of the entry of the log it began with: read on from there. """
    status: RunStatus
    """ Where a run stands. """
    stop_reason: None | str
    error: None | RunError
    messages: list[JsonObject]
    """ AutoGen's JSON of its messages and events so far. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.run_error import RunError  # noqa: PLC0415

        chat = self.chat

        run = self.run

        offset = self.offset

        status = self.status.value

        stop_reason: None | str
        stop_reason = self.stop_reason

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chat": chat,
                "run": run,
                "offset": offset,
                "status": status,
                "stop_reason": stop_reason,
                "error": error,
                "messages": messages,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415
        from ..models.run_error import RunError  # noqa: PLC0415

        d = dict(src_dict)
        chat = d.pop("chat")

        run = d.pop("run")

        offset = d.pop("offset")

        status = RunStatus(d.pop("status"))

        def _parse_stop_reason(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        stop_reason = _parse_stop_reason(d.pop("stop_reason"))

        def _parse_error(data: object) -> None | RunError:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = RunError.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RunError, data)

        error = _parse_error(d.pop("error"))

        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = JsonObject.from_dict(messages_item_data)

            messages.append(messages_item)

        run = cls(
            chat=chat,
            run=run,
            offset=offset,
            status=status,
            stop_reason=stop_reason,
            error=error,
            messages=messages,
        )

        run.additional_properties = d
        return run

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
