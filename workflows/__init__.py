"""The application's business processes, each made of group chats. `worker.py` registers `WORKFLOWS`.

The workflow of a chat itself, `GroupChat`, is not here: it comes with the package, from
`src/folkmoot/_temporal/chat_workflow.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.incident_response import IncidentResponse
from workflows.purchase_approval import PurchaseApproval
from workflows.release_note import ReleaseNote

__all__ = ["WORKFLOWS"]

WORKFLOWS: Sequence[type] = [IncidentResponse, PurchaseApproval, ReleaseNote]
