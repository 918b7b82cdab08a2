"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.chat_state import ChatState

if TYPE_CHECKING:
    from ..models.run_error import RunError


T = TypeVar("T", bound="Resumed")


@_attrs_define
class Resumed:
    """Where a chat stands that goes on from old messages."""

    id: str
    status: ChatState
    """ Where a chat stands. """
    team: str
    run: int
    """ Number of the current or last run. """
    turn: int
    """ Turns so far, over all runs. """
    speakers: list[str]
    head: int
    """ The offset the next entry of its log will get. """
    stop_reason: None | str
    """ Of the last run. """
    error: None | RunError
    """ Of the last run. """
    waiting_for: list[str]
    tokens: int
    continued: int
    """ How often it has continued as new. """
    warnings: list[str]
    """ What is odd about them. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.run_error import RunError  # noqa: PLC0415

        id = self.id

        status = self.status.value

        team = self.team

        run = self.run

        turn = self.turn

        speakers = self.speakers

        head = self.head

        stop_reason: None | str
        stop_reason = self.stop_reason

        error: dict[str, Any] | None
        if isinstance(self.error, RunError):
            error = self.error.to_dict()
        else:
            error = self.error

        waiting_for = self.waiting_for

        tokens = self.tokens

        continued = self.continued

        warnings = self.warnings

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "team": team,
                "run": run,
                "turn": turn,
                "speakers": speakers,
                "head": head,
                "stop_reason": stop_reason,
                "error": error,
                "waiting_for": waiting_for,
                "tokens": tokens,
                "continued": continued,
                "warnings": warnings,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.run_error import RunError  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        status = ChatState(d.pop("status"))

        team = d.pop("team")

        run = d.pop("run")

        turn = d.pop("turn")

        speakers = cast(list[str], d.pop("speakers"))

        head = d.pop("head")

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

        waiting_for = cast(list[str], d.pop("waiting_for"))

        tokens = d.pop("tokens")

        continued = d.pop("continued")

        warnings = cast(list[str], d.pop("warnings"))

        resumed = cls(
            id=id,
            status=status,
            team=team,
            run=run,
            turn=turn,
            speakers=speakers,
            head=head,
            stop_reason=stop_reason,
            error=error,
            waiting_for=waiting_for,
            tokens=tokens,
            continued=continued,
            warnings=warnings,
        )

        resumed.additional_properties = d
        return resumed

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
