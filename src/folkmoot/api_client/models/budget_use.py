"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="BudgetUse")


@_attrs_define
class BudgetUse:
    """How far a limit of a budget is used."""

    path: str
    """ Whose budget: empty, the chat's; else the path of an agent or a team. """
    limit: str
    """ `tokens`, `cost`, `seconds`, `tool_calls` or `model_calls`. """
    used: float
    max_: float
    """ How much there is, extensions included. """
    extended: float
    """ How much of it people have added. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        path = self.path

        limit = self.limit

        used = self.used

        max_ = self.max_

        extended = self.extended

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "path": path,
                "limit": limit,
                "used": used,
                "max": max_,
                "extended": extended,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        path = d.pop("path")

        limit = d.pop("limit")

        used = d.pop("used")

        max_ = d.pop("max")

        extended = d.pop("extended")

        budget_use = cls(
            path=path,
            limit=limit,
            used=used,
            max_=max_,
            extended=extended,
        )

        budget_use.additional_properties = d
        return budget_use

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
