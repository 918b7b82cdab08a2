"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="Summarize")


@_attrs_define
class Summarize:
    """How to sum a chat up."""

    method: str | Unset = "last_msg"
    """ `last_msg`, `reflection_with_llm`, or the name of a registered function. """
    prompt: None | str | Unset = UNSET
    """ What the model is asked for. """
    model_client: JsonObject | None | str | Unset = UNSET
    """ Which model; none: the team's own, else that of the first agent who has one. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        method = self.method

        prompt: None | str | Unset
        if isinstance(self.prompt, Unset):
            prompt = UNSET
        else:
            prompt = self.prompt

        model_client: dict[str, Any] | None | str | Unset
        if isinstance(self.model_client, Unset):
            model_client = UNSET
        elif isinstance(self.model_client, JsonObject):
            model_client = self.model_client.to_dict()
        else:
            model_client = self.model_client

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if method is not UNSET:
            field_dict["method"] = method
        if prompt is not UNSET:
            field_dict["prompt"] = prompt
        if model_client is not UNSET:
            field_dict["model_client"] = model_client

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        method = d.pop("method", UNSET)

        def _parse_prompt(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        prompt = _parse_prompt(d.pop("prompt", UNSET))

        def _parse_model_client(data: object) -> JsonObject | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                model_client_type_1 = JsonObject.from_dict(data)

                return model_client_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(JsonObject | None | str | Unset, data)

        model_client = _parse_model_client(d.pop("model_client", UNSET))

        summarize = cls(
            method=method,
            prompt=prompt,
            model_client=model_client,
        )

        return summarize
