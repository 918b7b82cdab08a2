"""A team that speaks with one voice (AutoGen: `autogen_agentchat.agents.SocietyOfMindAgent`)."""

from __future__ import annotations

from typing import Literal

from pydantic import PrivateAttr

from folkmoot._spec import AgentSpec, Carried, Participant
from folkmoot.approvals import ApprovalPolicy
from folkmoot.budgets import Budget
from folkmoot.contexts import (
    ChatCompletionContext,
    SummarizedChatCompletionContext,
    UnboundedChatCompletionContext,
)
from folkmoot.options import ModelSpec

from .custom import as_participant
from .live import ModelClient, NamedModel, check_model, live_model, model_field

__all__ = ["SocietyOfMindAgent"]

_DESCRIPTION = "An agent that uses an inner team of agents to generate responses."
_INSTRUCTION = (
    "You were given a request and discussed it with your team until you had an answer. "
    "What follows is the record of that discussion:"
)
_RESPONSE_PROMPT = (
    "Now answer the original request in full, in a way that can be read on its own, "
    "and do not mention that there was a discussion."
)


class SocietyOfMindAgent(AgentSpec, frozen=True):
    """An agent that lets an inner team work on what it hears, and has a model put the outcome into one answer.

    The inner team starts afresh in every turn (AutoGen).

    Args:
        name: An identifier, unique in the team.
        team: The inner team.
        model_client: The model that writes the answer: a name, a `ModelSpec` or a live model.
        description: For teams that choose speakers.
        instruction: What the model is told before the inner messages.
        response_prompt: What it is told after them.
        model_context: What the agent remembers of earlier turns; None: everything it is given.
        turn_approval: People have to approve before its turn begins; None: nobody is asked.
        budget: What it may spend, its team included; None: as much as it takes.

    Raises:
        TypeError: `team` can take part in no chat.
        ValueError: It is an agent, or a name is refused.
    """

    type: Literal["SocietyOfMindAgent"] = "SocietyOfMindAgent"
    team: Participant
    model_client: str | ModelSpec
    description: str = _DESCRIPTION
    instruction: str = _INSTRUCTION
    response_prompt: str = _RESPONSE_PROMPT
    model_context: ChatCompletionContext = UnboundedChatCompletionContext()
    turn_approval: ApprovalPolicy | None = None
    budget: Budget | None = None

    _model: NamedModel | None = PrivateAttr(default=None)

    def __init__(
        self,
        name: str,
        team: Participant,
        model_client: ModelClient,
        *,
        description: str = _DESCRIPTION,
        instruction: str = _INSTRUCTION,
        response_prompt: str = _RESPONSE_PROMPT,
        model_context: ChatCompletionContext | None = None,
        turn_approval: ApprovalPolicy | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._fill(
            name=name,
            team=as_participant(team),
            model_client=model_field(model_client),
            description=description,
            instruction=instruction,
            response_prompt=response_prompt,
            model_context=model_context or UnboundedChatCompletionContext(),
            turn_approval=turn_approval,
            budget=budget,
        )
        self._hold(_model=live_model(model_client))

    def check(self) -> None:
        """Refuse an agent for a team, and a model without a name."""
        super().check()
        if self.turn_approval is not None:
            self.turn_approval.check_always("The approval of a turn")
        check_model(self.model_client)
        if isinstance(self.team, AgentSpec):
            raise ValueError(f"A SocietyOfMindAgent takes a team, got the agent {self.team.name!r}.")
        if isinstance(self.model_context, SummarizedChatCompletionContext):
            raise ValueError("A SocietyOfMindAgent sums up itself; its model_context cannot be a summarized one.")

    def carry(self, into: Carried) -> None:
        """The model, if it was passed itself."""
        if self._model is not None:
            into.add_model(self._model.name, self._model)
