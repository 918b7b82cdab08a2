"""AutoGen AgentChat and Folkmoot: its component JSON as our specs and back, its live agents as participants.

`load_component` and `dump_component` need no AutoGen; `AutoGenAgent` comes with one.
"""

from .agent import AutoGenAgent, is_autogen_agent
from .components import dump_component, load_component
from .envelope import ComponentTypeError, ComponentVersionError

__all__ = [
    "AutoGenAgent",
    "ComponentTypeError",
    "ComponentVersionError",
    "dump_component",
    "is_autogen_agent",
    "load_component",
]
