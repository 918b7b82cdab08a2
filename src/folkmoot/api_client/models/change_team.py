"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="ChangeTeam")


@_attrs_define
class ChangeTeam:
    """The team from now on."""

    team: JsonObject | str
    """ The name of a team of this server, or the JSON of a spec where this server takes others. """
    force: bool | Unset = False
    """ End a run that is under way first. """
    hears: bool | Unset = True
    """ Newcomers hear what was said so far. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        team: dict[str, Any] | str
        if isinstance(self.team, JsonObject):
            team = self.team.to_dict()
        else:
            team = self.team

        force = self.force

        hears = self.hears

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "team": team,
            }
        )
        if force is not UNSET:
            field_dict["force"] = force
        if hears is not UNSET:
            field_dict["hears"] = hears

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

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

        force = d.pop("force", UNSET)

        hears = d.pop("hears", UNSET)

        change_team = cls(
            team=team,
            force=force,
            hears=hears,
        )

        return change_team
