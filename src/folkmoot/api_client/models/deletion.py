"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Deletion")


@_attrs_define
class Deletion:
    """What was deleted of a chat."""

    id: str
    uuid: str
    team: str
    closed: str
    """ ISO 8601, UTC; empty: it was living. """
    runs: int
    """ Runs of its workflow. """
    blobs: int
    bytes_: int
    manifest: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        uuid = self.uuid

        team = self.team

        closed = self.closed

        runs = self.runs

        blobs = self.blobs

        bytes_ = self.bytes_

        manifest = self.manifest

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "uuid": uuid,
                "team": team,
                "closed": closed,
                "runs": runs,
                "blobs": blobs,
                "bytes": bytes_,
                "manifest": manifest,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        uuid = d.pop("uuid")

        team = d.pop("team")

        closed = d.pop("closed")

        runs = d.pop("runs")

        blobs = d.pop("blobs")

        bytes_ = d.pop("bytes")

        manifest = d.pop("manifest")

        deletion = cls(
            id=id,
            uuid=uuid,
            team=team,
            closed=closed,
            runs=runs,
            blobs=blobs,
            bytes_=bytes_,
            manifest=manifest,
        )

        deletion.additional_properties = d
        return deletion

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
