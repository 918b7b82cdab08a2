"""Generated from docs/reference/openapi.json by `make client`: change nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="PersonRequest")


@_attrs_define
class PersonRequest:
    """Something people are asked."""

    chat: str
    request: str
    """ Its id. """
    kind: str
    """ `input`, `speaker`, `approval`, `turn`, `code`, `outcome` or `budget`. """
    path: str
    """ Who asks: a participant's path, or a team's. """
    prompt: str
    """ The question. """
    since: str
    """ ISO 8601, UTC. """
    offset: int
    """ Of the entry of the log that asks. """
    deadline: None | str
    """ ISO 8601, UTC. """
    overdue: bool
    """ The deadline is over. """
    reason: str
    """ Why it is asked, as the policy says. """
    name: str
    """ The tool's name. """
    arguments: Any
    """ What is to be approved; secrets are masked. """
    content: None | str
    """ What somebody proposed as the answer in the tool's place. """
    hash_: str
    """ What a decision is bound to. """
    revision: int
    """ How often it was changed since it was asked. """
    approvers: list[str]
    """ Who may decide: people's ids, and roles as `role:NAME`; none: everybody. """
    quorum: int
    votes: list[JsonObject]
    """ Those that count so far. """
    verdicts: list[str]
    """ What can be decided. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        chat = self.chat

        request = self.request

        kind = self.kind

        path = self.path

        prompt = self.prompt

        since = self.since

        offset = self.offset

        deadline: None | str
        deadline = self.deadline

        overdue = self.overdue

        reason = self.reason

        name = self.name

        arguments = self.arguments

        content: None | str
        content = self.content

        hash_ = self.hash_

        revision = self.revision

        approvers = self.approvers

        quorum = self.quorum

        votes = []
        for votes_item_data in self.votes:
            votes_item = votes_item_data.to_dict()
            votes.append(votes_item)

        verdicts = self.verdicts

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "chat": chat,
                "request": request,
                "kind": kind,
                "path": path,
                "prompt": prompt,
                "since": since,
                "offset": offset,
                "deadline": deadline,
                "overdue": overdue,
                "reason": reason,
                "name": name,
                "arguments": arguments,
                "content": content,
                "hash": hash_,
                "revision": revision,
                "approvers": approvers,
                "quorum": quorum,
                "votes": votes,
                "verdicts": verdicts,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        chat = d.pop("chat")

        request = d.pop("request")

        kind = d.pop("kind")

        path = d.pop("path")

        prompt = d.pop("prompt")

        since = d.pop("since")

        offset = d.pop("offset")

        def _parse_deadline(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        deadline = _parse_deadline(d.pop("deadline"))

        overdue = d.pop("overdue")

        reason = d.pop("reason")

        name = d.pop("name")

        arguments = d.pop("arguments")

        def _parse_content(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        content = _parse_content(d.pop("content"))

        hash_ = d.pop("hash")

        revision = d.pop("revision")

        approvers = cast(list[str], d.pop("approvers"))

        quorum = d.pop("quorum")

        votes = []
        _votes = d.pop("votes")
        for votes_item_data in _votes:
            votes_item = JsonObject.from_dict(votes_item_data)

            votes.append(votes_item)

        verdicts = cast(list[str], d.pop("verdicts"))

        person_request = cls(
            chat=chat,
            request=request,
            kind=kind,
            path=path,
            prompt=prompt,
            since=since,
            offset=offset,
            deadline=deadline,
            overdue=overdue,
            reason=reason,
            name=name,
            arguments=arguments,
            content=content,
            hash_=hash_,
            revision=revision,
            approvers=approvers,
            quorum=quorum,
            votes=votes,
            verdicts=verdicts,
        )

        person_request.additional_properties = d
        return person_request

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
