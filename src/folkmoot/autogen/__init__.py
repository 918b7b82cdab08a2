"""AutoGen AgentChat and Folkmoot: its live agents as participants."""

from .agent import AutoGenAgent, is_autogen_agent

__all__ = ["AutoGenAgent", "is_autogen_agent"]
