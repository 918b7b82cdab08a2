"""What the application's agents and processes may do: tools and activities with real effects.

`tools_for` makes what agents call, each call as an activity of its chat. `ACTIVITIES` are called by the business
processes in `workflows/`. `worker.py` registers both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from activities.chats import decisions_of
from activities.contracts import PurchaseRules
from activities.incident_records import end_incident, open_incident, start_shift, store_postmortem
from activities.incidents import add_timeline, page_on_call, roll_back_release, run_diagnostic
from activities.notes import publish_note
from activities.purchase_records import open_purchase, settle_purchase, tell_supplier
from activities.purchasing import (
    check_budget,
    look_up_supplier,
    ordering_tools,
    reserve_budget,
    screen_supplier,
)
from activities.release import read_changes
from folkmoot import FunctionTool

__all__ = ["ACTIVITIES", "tools_for"]

ACTIVITIES: Sequence[Callable[..., Any]] = [
    decisions_of,
    end_incident,
    open_incident,
    open_purchase,
    publish_note,
    settle_purchase,
    start_shift,
    store_postmortem,
    tell_supplier,
]


def tools_for(rules: PurchaseRules) -> Sequence[FunctionTool]:
    """The agents' tools; those that order come with their approvals, which no chat's spec can take away.

    Args:
        rules: How long people have to approve of orders, at this worker.
    """
    return [
        *ordering_tools(rules),
        add_timeline,
        check_budget,
        look_up_supplier,
        page_on_call,
        read_changes,
        reserve_budget,
        roll_back_release,
        run_diagnostic,
        screen_supplier,
    ]
