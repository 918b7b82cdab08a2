"""What a Magentic-One orchestrator asks its model, and the form of its ledger."""

from __future__ import annotations

from typing import Any

__all__ = ["FACTS", "FACTS_UPDATE", "LEDGER", "LEDGER_SCHEMA", "PLAN", "PLAN_UPDATE"]

FACTS = """\
Before work begins on the task below, take stock of what is known about it. You know a great deal and reason well; use
both.

The task:

{task}

Write four short lists, under exactly these headings and with nothing else:

1. GIVEN FACTS: what the task itself states
2. FACTS TO LOOK UP: what has to be found out, and where
3. FACTS TO DERIVE: what follows by calculation or reasoning
4. EDUCATED GUESSES: what you remember or suppose

Facts are names, dates, numbers, quotations and the like. Do not plan yet.
"""

PLAN = """\
Good. These are the members of the team:

{team}

From the members' abilities and the facts above, write a short plan for the task as a list of points. Not everybody has
to take part.
"""

FACTS_UPDATE = """\
The task is not solved yet, though something has been learned on the way. Here it is again:

{task}

Rewrite the lists of facts below with what is new: correct them, move a guess to the facts once it is confirmed, and add
at least one new or better guess, with its reason.

The lists so far:

{facts}
"""

PLAN_UPDATE = """\
Say in a few words why the last attempt did not get there. Then write a new plan, as a list of points, that overcomes
this and does not run into the same difficulties again. These are the members of the team:

{team}
"""

LEDGER = """\
This is the task:

{task}

These are the members of the team:

{team}

To get on with it, answer these questions, each with its reason:

- Is the task fully done? (only if nothing is left to do)
- Are we going round in circles, with the same requests or answers coming again and again?
- Are we getting ahead? (not if the last messages were stuck or met an obstacle that stays)
- Who speaks next? (one of: {names})
- What is that member told or asked, with all it needs to know? (address it directly)

Answer with one JSON object of this form, and nothing else:

{{
  "is_request_satisfied": {{"reason": string, "answer": boolean}},
  "is_in_loop": {{"reason": string, "answer": boolean}},
  "is_progress_being_made": {{"reason": string, "answer": boolean}},
  "next_speaker": {{"reason": string, "answer": string}},
  "instruction_or_question": {{"reason": string, "answer": string}}
}}
"""


def _entry(answer: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "answer": {"type": answer}},
        "required": ["reason", "answer"],
        "additionalProperties": False,
    }


_PROPERTIES = {
    "is_request_satisfied": _entry("boolean"),
    "is_in_loop": _entry("boolean"),
    "is_progress_being_made": _entry("boolean"),
    "next_speaker": _entry("string"),
    "instruction_or_question": _entry("string"),
}

LEDGER_SCHEMA: dict[str, Any] = {
    "name": "LedgerEntry",
    "schema": {
        "type": "object",
        "properties": _PROPERTIES,
        "required": list(_PROPERTIES),
        "additionalProperties": False,
    },
}
"""The ledger, for models that keep to a schema."""
