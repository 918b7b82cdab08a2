"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="StartRun")


@_attrs_define
class StartRun:
    """What a run is to do."""

    task: list[JsonObject] | None | str | Unset = UNSET
    """ A text, or messages in AutoGen's JSON; none: go on where the last run ended. """
    output_task_messages: bool | Unset = True
    """ False: the task is not among the run's messages. """

    def to_dict(self) -> dict[str, Any]:
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

        output_task_messages = self.output_task_messages

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if task is not UNSET:
            field_dict["task"] = task
        if output_task_messages is not UNSET:
            field_dict["output_task_messages"] = output_task_messages

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)

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

        output_task_messages = d.pop("output_task_messages", UNSET)

        start_run = cls(
            task=task,
            output_task_messages=output_task_messages,
        )

        return start_run
