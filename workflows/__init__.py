"""The application's business processes, each made of group chats. `worker.py` registers `WORKFLOWS`.

`PROCESSES` are those that can be started from outside: by `python -m workflows`, and over HTTP by
`folkmoot serve --processes workflows:PROCESSES`.

The workflow of a chat itself, `GroupChat`, is not here: it comes with the package, from
`src/folkmoot/_temporal/chat_workflow.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from folkmoot.processes import Process
from workflows.incident_response import INCIDENT, IncidentResponse
from workflows.purchase_approval import PURCHASE, PurchaseApproval
from workflows.release_note import ReleaseNote

__all__ = ["PROCESSES", "WORKFLOWS"]

WORKFLOWS: Sequence[type] = [IncidentResponse, PurchaseApproval, ReleaseNote]
PROCESSES: Sequence[Process[Any]] = [INCIDENT, PURCHASE]
