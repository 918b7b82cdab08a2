"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.budget_use import BudgetUse
    from ..models.usage_agents import UsageAgents


T = TypeVar("T", bound="Usage")


@_attrs_define
class Usage:
    """Tokens and calls by agent, over the chat's whole life, and how far its budgets are used."""

    agents: UsageAgents
    budgets: list[BudgetUse]
    """ The chat's own first; empty: it has none. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        agents = self.agents.to_dict()

        budgets = []
        for budgets_item_data in self.budgets:
            budgets_item = budgets_item_data.to_dict()
            budgets.append(budgets_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "agents": agents,
                "budgets": budgets,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.budget_use import BudgetUse  # noqa: PLC0415
        from ..models.usage_agents import UsageAgents  # noqa: PLC0415

        d = dict(src_dict)
        agents = UsageAgents.from_dict(d.pop("agents"))

        budgets = []
        _budgets = d.pop("budgets")
        for budgets_item_data in _budgets:
            budgets_item = BudgetUse.from_dict(budgets_item_data)

            budgets.append(budgets_item)

        usage = cls(
            agents=agents,
            budgets=budgets,
        )

        usage.additional_properties = d
        return usage

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
