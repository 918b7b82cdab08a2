"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.process_state import ProcessState

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="ProcessStatus")


@_attrs_define
class ProcessStatus:
    """Where a process stands, and what came of it."""

    process: str
    number: str
    workflow_id: str
    tenant: str
    status: ProcessState
    """ Whether a process is under way. """
    started: datetime.datetime
    ended: datetime.datetime | None
    state: JsonObject | None
    """ What it tells of itself while it runs; null: it has ended, or no worker is there to ask. """
    outcome: JsonObject | None
    """ What it came to; null: nothing yet. """
    error: None | str
    """ Why it failed. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        process = self.process

        number = self.number

        workflow_id = self.workflow_id

        tenant = self.tenant

        status = self.status.value

        started = self.started.isoformat()

        ended: None | str
        if isinstance(self.ended, datetime.datetime):
            ended = self.ended.isoformat()
        else:
            ended = self.ended

        state: dict[str, Any] | None
        if isinstance(self.state, JsonObject):
            state = self.state.to_dict()
        else:
            state = self.state

        outcome: dict[str, Any] | None
        if isinstance(self.outcome, JsonObject):
            outcome = self.outcome.to_dict()
        else:
            outcome = self.outcome

        error: None | str
        error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "process": process,
                "number": number,
                "workflow_id": workflow_id,
                "tenant": tenant,
                "status": status,
                "started": started,
                "ended": ended,
                "state": state,
                "outcome": outcome,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        process = d.pop("process")

        number = d.pop("number")

        workflow_id = d.pop("workflow_id")

        tenant = d.pop("tenant")

        status = ProcessState(d.pop("status"))

        started = datetime.datetime.fromisoformat(d.pop("started"))

        def _parse_ended(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                ended_type_0 = datetime.datetime.fromisoformat(data)

                return ended_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        ended = _parse_ended(d.pop("ended"))

        def _parse_state(data: object) -> JsonObject | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                state_type_0 = JsonObject.from_dict(data)

                return state_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None, data)

        state = _parse_state(d.pop("state"))

        def _parse_outcome(data: object) -> JsonObject | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                outcome_type_0 = JsonObject.from_dict(data)

                return outcome_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None, data)

        outcome = _parse_outcome(d.pop("outcome"))

        def _parse_error(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        error = _parse_error(d.pop("error"))

        process_status = cls(
            process=process,
            number=number,
            workflow_id=workflow_id,
            tenant=tenant,
            status=status,
            started=started,
            ended=ended,
            state=state,
            outcome=outcome,
            error=error,
        )

        process_status.additional_properties = d
        return process_status

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
