"""Contains all the data models used in inputs/outputs"""

from .answer import Answer
from .answered import Answered
from .branch import Branch
from .branches import Branches
from .budget_use import BudgetUse
from .change_team import ChangeTeam
from .chat_opened import ChatOpened
from .chat_page import ChatPage
from .chat_state import ChatState
from .chat_status import ChatStatus
from .chat_summary import ChatSummary
from .comparison import Comparison
from .context import Context
from .crossing import Crossing
from .decide import Decide
from .decision import Decision
from .deletion import Deletion
from .deletions import Deletions
from .difference import Difference
from .entry import Entry
from .force import Force
from .fork_chat import ForkChat
from .forked import Forked
from .health import Health
from .import_chat import ImportChat
from .inbox import Inbox
from .inbox_item import InboxItem
from .json_object import JsonObject
from .label_snapshot import LabelSnapshot
from .labelled import Labelled
from .log_page import LogPage
from .old_messages import OldMessages
from .old_messages_names import OldMessagesNames
from .old_messages_termination_type_0 import OldMessagesTerminationType0
from .old_messages_termination_type_1 import OldMessagesTerminationType1
from .open_chat import OpenChat
from .pause import Pause
from .person_request import PersonRequest
from .person_requests import PersonRequests
from .problem import Problem
from .problem_errors_type_0_item import ProblemErrorsType0Item
from .process_kind import ProcessKind
from .process_kind_signals import ProcessKindSignals
from .process_kinds import ProcessKinds
from .process_started import ProcessStarted
from .process_state import ProcessState
from .process_status import ProcessStatus
from .readiness import Readiness
from .readiness_checks import ReadinessChecks
from .resumed import Resumed
from .rollback import Rollback
from .rollback_chat import RollbackChat
from .run import Run
from .run_error import RunError
from .run_status import RunStatus
from .said import Said
from .say import Say
from .say_when import SayWhen
from .side import Side
from .snapshot import Snapshot
from .snapshot_with_state import SnapshotWithState
from .snapshots import Snapshots
from .start_run import StartRun
from .summarize import Summarize
from .summary import Summary
from .team import Team
from .team_summary import TeamSummary
from .teams import Teams
from .usage import Usage
from .usage_agents import UsageAgents
from .usage_agents_additional_property import UsageAgentsAdditionalProperty
from .verdict import Verdict
from .version import Version
from .whose import Whose

__all__ = (
    "Answer",
    "Answered",
    "Branch",
    "Branches",
    "BudgetUse",
    "ChangeTeam",
    "ChatOpened",
    "ChatPage",
    "ChatState",
    "ChatStatus",
    "ChatSummary",
    "Comparison",
    "Context",
    "Crossing",
    "Decide",
    "Decision",
    "Deletion",
    "Deletions",
    "Difference",
    "Entry",
    "Force",
    "ForkChat",
    "Forked",
    "Health",
    "ImportChat",
    "Inbox",
    "InboxItem",
    "JsonObject",
    "Labelled",
    "LabelSnapshot",
    "LogPage",
    "OldMessages",
    "OldMessagesNames",
    "OldMessagesTerminationType0",
    "OldMessagesTerminationType1",
    "OpenChat",
    "Pause",
    "PersonRequest",
    "PersonRequests",
    "Problem",
    "ProblemErrorsType0Item",
    "ProcessKind",
    "ProcessKinds",
    "ProcessKindSignals",
    "ProcessStarted",
    "ProcessState",
    "ProcessStatus",
    "Readiness",
    "ReadinessChecks",
    "Resumed",
    "Rollback",
    "RollbackChat",
    "Run",
    "RunError",
    "RunStatus",
    "Said",
    "Say",
    "SayWhen",
    "Side",
    "Snapshot",
    "Snapshots",
    "SnapshotWithState",
    "StartRun",
    "Summarize",
    "Summary",
    "Team",
    "Teams",
    "TeamSummary",
    "Usage",
    "UsageAgents",
    "UsageAgentsAdditionalProperty",
    "Verdict",
    "Version",
    "Whose",
)
