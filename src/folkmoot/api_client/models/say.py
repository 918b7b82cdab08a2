"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.say_when import SayWhen
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="Say")


@_attrs_define
class Say:
    """What a person says in a chat."""

    message: JsonObject | str
    """ A text, which comes from `user`, or a message in AutoGen's JSON. """
    when: SayWhen | Unset = SayWhen.QUEUE
    """ `queue`: the task of a run that begins by itself once the one under way is over; `turn`: everyone hears it
    after
    the current turn; `now`: that is broken off, and who was speaking speaks again. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        message: dict[str, Any] | str
        if isinstance(self.message, JsonObject):
            message = self.message.to_dict()
        else:
            message = self.message

        when: str | Unset = UNSET
        if not isinstance(self.when, Unset):
            when = self.when.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "message": message,
            }
        )
        if when is not UNSET:
            field_dict["when"] = when

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_message(data: object) -> JsonObject | str:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                message_type_1 = JsonObject.from_dict(data)

                return message_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | str, data)

        message = _parse_message(d.pop("message"))

        _when = d.pop("when", UNSET)
        when: SayWhen | Unset
        if isinstance(_when, Unset):
            when = UNSET
        else:
            when = SayWhen(_when)

        say = cls(
            message=message,
            when=when,
        )

        return say
