"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="ImportChat")


@_attrs_define
class ImportChat:
    """An exported chat to open anew."""

    document: JsonObject
    id: None | str | Unset = UNSET
    """ The new chat's id; none: one is made. """
    replace: bool | Unset = False
    """ Start anew where a chat of that id was closed. """
    tenant: None | str | Unset = UNSET
    """ Whose chat it is; none: the caller's tenant. """

    def to_dict(self) -> dict[str, Any]:
        document = self.document.to_dict()

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

        replace = self.replace

        tenant: None | str | Unset
        if isinstance(self.tenant, Unset):
            tenant = UNSET
        else:
            tenant = self.tenant

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "document": document,
            }
        )
        if id is not UNSET:
            field_dict["id"] = id
        if replace is not UNSET:
            field_dict["replace"] = replace
        if tenant is not UNSET:
            field_dict["tenant"] = tenant

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        document = JsonObject.from_dict(d.pop("document"))

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

        replace = d.pop("replace", UNSET)

        def _parse_tenant(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        tenant = _parse_tenant(d.pop("tenant", UNSET))

        import_chat = cls(
            document=document,
            id=id,
            replace=replace,
            tenant=tenant,
        )

        return import_chat
