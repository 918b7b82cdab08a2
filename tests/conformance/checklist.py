"""The checklist: what of AutoGen AgentChat 0.7.5's behaviour Folkmoot is held to, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["AREAS", "ELSEWHERE", "LATER", "LINES", "area_of"]

AREAS: Mapping[str, tuple[str, Sequence[str]]] = {
    "run": (
        "Runs",
        (
            "A text as the task becomes a TextMessage of `user`; the result has the task, then the agents' messages.",
            "The items of the stream are those of the result, in order, and the result comes last.",
            "A text, a message and a list of one message as the task give the same run.",
            "Every message of a task list is counted, and heard by every agent.",
            "An empty list, a list with something else in it, and anything else are refused, each with its own text.",
            "`output_task_messages=False` leaves the task out of the result; agents hear it all the same.",
            "A task with images reaches the model; a model without vision gets the text only.",
            "A task of a message class the team does not know is refused before anybody speaks.",
            "`custom_message_types` makes the class known.",
            "An agent that answers with a class the team does not know ends the run; the error names the class.",
            "A second run while one is under way is refused, and the first goes on undisturbed.",
            "A first run without a task lets the first agent speak with nothing to answer.",
            "A team without participants, or with two of one name, cannot be made.",
        ),
    ),
    "round_robin": (
        "Round robin",
        (
            "Agents speak in the order of the list, over and over.",
            "A run without a task goes on with the agent whose turn it is.",
            "A new task does not begin the order anew.",
            "An agent hears what the others said since its last turn, and never itself.",
            "A team of one speaks every turn.",
        ),
    ),
    "turns": (
        "Limits of turns",
        (
            "`max_turns` ends a run after so many answers, with its text.",
            "Turns are counted anew in every run; whose turn it is, is kept.",
            "Where a condition and `max_turns` are met in one turn, the condition's text is the reason.",
            "`max_turns` below 1 is refused.",
        ),
    ),
    "termination": (
        "Termination conditions",
        (
            "The limit of messages counts the task; the count shown may be above the limit.",
            "With `include_agent_event` events count too.",
            "A text that a tool's result mentions ends the run.",
            "A text mention limited to some sources does not hear the others.",
            "A condition that the task itself meets ends the run before anybody speaks.",
            "Conditions on a stop message, a text, a source, a handoff and a function call fire, and again later.",
            "Tokens are summed over messages and events; one without usage counts nothing.",
            "A timeout is looked at between turns, and starts anew when the condition is reset.",
            "An external stop before a run ends it after the task, one during a run after the turn.",
            "`a | b` ends with the first to fire; the texts of those that fire together are joined in their order.",
            "`a & b` ends when the last one fires, texts in the order of firing; one that has fired counts no further.",
            "Nested conditions such as `(a | b) & c` work, and reset as a whole.",
            "A condition that has fired cannot be asked again until it is reset.",
            "Every end of a run resets the condition, so that the team can run again.",
            "A function as the condition may be sync or async; only True ends the run.",
            "A condition that raises ends the run with an error, on the task as on an answer.",
        ),
    ),
    "selector": (
        "Selector",
        (
            "The selection prompt has roles, candidates and history; a description is one line in it.",
            "The model's choice speaks; a name inside a sentence is found.",
            "A name is found with an underscore, a space or an escaped underscore, in its case, as a whole word.",
            "No name, or two, gets feedback and another try.",
            "After the last try the first candidate speaks, or who spoke last.",
            "The one who spoke last is not taken again, unless that is allowed.",
            "Of two participants the model chooses only the first speaker.",
            "`selector_func` decides; None leaves it to the model; another name is an error.",
            "`candidate_func` narrows the choice; none or a stranger is an error; one alone needs no model.",
            "Both functions may be async.",
            "The model context limits the history in the prompt.",
            "Models of other families get the prompt as a user message.",
            "With streaming and team events, the selection's chunks, its text and the speaker are streamed in order.",
            "The last speaker is part of the state; loading into a used team doubles no history.",
        ),
    ),
    "swarm": (
        "Swarm",
        (
            "Handoffs lead from agent to agent, one speaker a turn.",
            "Without a handoff the same agent goes on.",
            "Tool calls made beside a handoff, and their results, are its context.",
            "Of several handoffs at once the first counts, with a warning.",
            "A handoff to the user ends the run; only a handoff back goes on, text or nothing is refused.",
            "A task with a handoff begins at its target; an unknown target is refused.",
            "After `max_turns=1`, saved and loaded elsewhere, the right agent goes on.",
            "A first participant that cannot hand off is refused, and so are teams.",
        ),
    ),
    "graph": (
        "Graphs",
        (
            "A line of nodes runs in order, and then the graph is complete.",
            "Nodes behind one node speak in one batch and do not hear each other.",
            "A join on all waits for all; one on any runs once a batch.",
            "Conditions, text or function, choose the branch; where none holds the run ends.",
            "Loops with an exit, loops on oneself, and two loops by activation groups work.",
            "Several starting nodes and separate parts work.",
            "Every fault of a graph is refused with its text.",
            "A graph with a loop and without a limit is refused.",
            "Stopped in the middle, a run without a task does the rest only.",
            "After the end a second task begins at the entry.",
            "Saved inside a loop and loaded into a new object, the loop goes on.",
            "The builder wants known nodes and a known entry; a graph's JSON gives the graph back.",
            "A filter agent lets through first or last messages of a source; an empty filter nothing.",
            "Every parallel answer reaches the condition.",
        ),
    ),
    "magentic": (
        "Magentic-One",
        (
            "Facts, plan, ledger, instruction, answer and final answer come in this order; the ledger tells why.",
            "Stalls up to the limit make one new plan and reset the agents.",
            "The limit of rounds gives a final answer and its own reason.",
            "A ledger that cannot be read is asked for again; an unknown speaker is dealt with.",
            "Cancelling ends the run with a cancellation.",
        ),
    ),
    "nested": (
        "Teams in teams",
        (
            "An inner team's messages appear once, as one turn of the outer team.",
            "Three levels work, and run and stream agree.",
            "The nested state saves and loads to an equal one.",
            "An inner team may speak twice in a row.",
            "Nested components dump and load.",
        ),
    ),
    "society": (
        "Society of mind",
        (
            "The inner talk becomes one message, and the inner team is reset.",
            "A second call has the earlier context; without inner messages the answer is fixed.",
        ),
    ),
    "state": (
        "State",
        (
            "Saved, loaded into a new team and saved again, the state is equal, for every team.",
            "A loaded team goes on with the same speaker and all its agents' context.",
            "Messages not yet heard survive.",
            "A missing agent, a missing manager and a wrong shape are refused, each with its text.",
            "Loading during a run is refused, saving is not.",
            "Structured messages and images survive; the state is plain JSON.",
            "A condition's progress survives.",
            "An older state loaded into the same team makes later messages vanish.",
        ),
    ),
    "reset": (
        "Reset",
        ("Reset forgets thread, contexts, turns and the condition's progress; during a run it is refused.",),
    ),
    "errors": (
        "Errors",
        (
            "An agent's error names its type and text; what was said before is kept.",
            "After an error the team runs again and completes.",
            "An error in the first selection and in a later one are both told.",
        ),
    ),
    "cancel": (
        "Cancelling",
        (
            "Cancelled in a model call, a stream, a tool or a memory, the run ends at once; no call is left dangling.",
            "After a cancellation, in a turn or between two, the team runs again.",
        ),
    ),
    "pause": (
        "Pausing",
        (
            "A pause holds the work and `resume` goes on; the run does not return meanwhile.",
            "A pause before the first run.",
        ),
    ),
    "agent": (
        "AssistantAgent",
        (
            "Tool calls are summed up in a message, in a format of one's own, a line for each.",
            "Reflection after tools; structured answers with and without tools.",
            "The loop of tool calls ends with a text, at `max_tool_iterations`, or at a handoff.",
            "Bad arguments, an unknown tool and a raising tool are error results, and the run goes on.",
            "Several calls run at once; the results keep the calls' order.",
            "Equal names, tools for a model that takes none, and no iterations are refused.",
            "A memory adds to the context and shows an event; it survives in the config.",
            "Thoughts are events, and stay with the assistant's message.",
            "Chunks have the final message's id and are no part of the result.",
            "Saved and loaded, the agent has its context again; reset empties it.",
            "Several workbenches and overridden tools work; equal names are refused.",
        ),
    ),
    "code": (
        "Code",
        (
            "Code blocks are run: several, none, failing and silent ones; other languages are ignored.",
            "Approval, sync or async, may refuse and sees the context; it cannot be saved.",
            "A model writes code, tries again when told so, and sums up.",
        ),
    ),
    "user": (
        "People",
        ("The event comes before the question; a handoff is answered with a handoff; errors are wrapped.",),
    ),
    "tools": (
        "Agents and teams as tools",
        ("The result is all messages or the last; the state is kept; inner events are streamed.",),
    ),
    "declarative": (
        "Components",
        ("Every team, agent, condition and context gives JSON that gives an equal one; another type is refused.",),
    ),
    "contexts": (
        "Model contexts",
        ("The four views of a context; no tool result without its call at the front.",),
    ),
}
"""By area: its title, and its lines in order. They are numbered through: B001 is the first."""

LINES: Mapping[str, str] = {
    f"B{number:03}": text for number, text in enumerate((text for _, texts in AREAS.values() for text in texts), 1)
}
"""The lines by number."""

_AREA_BY_LINE = dict(zip(LINES, (area for area, (_, texts) in AREAS.items() for _ in texts), strict=True))


def area_of(line: str) -> str:
    """The area of a line."""
    return _AREA_BY_LINE[line]


LATER: Mapping[str, str] = {}
"""Lines that need no test yet, and why."""

ELSEWHERE: Mapping[str, Sequence[str]] = {
    "B030": ("unit/chat/test_conditions.py::test_timeout_is_asked_between_turns_only_and_restarts_at_a_stop",),
    "B087": ("unit/chat/state/test_saved_again.py::test_at_every_snapshot",),
    "B090": ("unit/chat/state/test_refused_states.py::test_a_round_robin",),
    "B099": ("integration/test_cancel.py::test_cancel_in_a_tool_leaves_no_call_dangling",),
    "B101": ("integration/test_pause.py::test_pause_during_a_run_keeps_the_call_in_flight",),
    "B119": (
        "unit/specs/test_spec_json.py::test_team_comes_back_equal_from_text_and_from_mapping",
        "unit/specs/test_spec_json.py::test_condition_comes_back_equal",
        "unit/specs/test_spec_json.py::test_context_comes_back_equal",
        "unit/specs/test_spec_json.py::test_json_of_nothing_known_is_refused",
        "unit/autogen/test_round_trip.py::test_what_autogen_dumps_comes_back_as_the_same_component",
        "unit/autogen/test_round_trip.py::test_autogen_loads_what_we_dump",
    ),
    "B120": ("unit/specs/test_context_views.py::test_token_limit_takes_out_the_middle_as_autogen_does",),
}
"""Lines that tests outside this folder cover too: Folkmoot alone is held to the same there."""
