"""The environment variables of Folkmoot's processes, and the two folders they decide.

`ENVIRONMENT` is the one table: the command line's help, the worker and the compose file are checked
against it.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "ENVIRONMENT",
    "cache_folder",
    "default_data_folder",
    "task_queue",
]

ADDRESS = "TEMPORAL_ADDRESS"
DATA_DIR = "FOLKMOOT_DATA_DIR"
TEMPORAL_CLI = "FOLKMOOT_TEMPORAL_CLI"
TASK_QUEUE = "FOLKMOOT_TASK_QUEUE"

ENVIRONMENT: dict[str, str] = {
    ADDRESS: "host:port of the Temporal server to use; without it the embedded server is started",
    "TEMPORAL_NAMESPACE": "Temporal namespace, 'default' if not set",
    "TEMPORAL_API_KEY": "API key of Temporal Cloud; implies TLS",
    "TEMPORAL_TLS": "true to connect with TLS",
    "TEMPORAL_TLS_CLIENT_CERT_PATH": "file of the client certificate for mutual TLS",
    "TEMPORAL_TLS_CLIENT_KEY_PATH": "file of the client certificate's key",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "file of the authority that signed the server's certificate",
    "TEMPORAL_TLS_SERVER_NAME": "name expected in the server's certificate",
    "TEMPORAL_CONFIG_FILE": "Temporal's own TOML file of connection profiles",
    "TEMPORAL_PROFILE": "profile of that file to use",
    TASK_QUEUE: "task queue of the chats, 'folkmoot' if not set",
    "FOLKMOOT_STORE": "folder or URL of the store of long chats, contents and closed chats, for all processes",
    DATA_DIR: "folder of the embedded server's data, by default folkmoot in the user's data folder",
    TEMPORAL_CLI: "path of the Temporal CLI to start the embedded server with",
    "FOLKMOOT_JSON": "1: the command line prints JSON lines",
    "FOLKMOOT_DEBUG": "1: the command line shows tracebacks of errors",
    "FOLKMOOT_LOG_LEVEL": "level of the command line's log on stderr, 'warning' if not set",
    "FOLKMOOT_LOG_FORMAT": "form of the logs of `folkmoot worker`, `serve` and `dev`: text, or json",
    "FOLKMOOT_METRICS_ADDRESS": "host:port on which these show Prometheus their metrics; none if not set",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "URL of the OTLP receiver over HTTP that these send traces to; none if not set",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "the same for traces alone: the whole URL",
    "FOLKMOOT_APP": "module:attribute of what a worker has registered: models, tools, functions",
    "FOLKMOOT_GRACEFUL_SHUTDOWN_TIMEOUT": "seconds that a stopping worker's calls in flight are given to finish",
    "FOLKMOOT_PORT": "port of the server that `folkmoot dev` starts, any free one if not set",
    "FOLKMOOT_IN_MEMORY": "1: `dev`, `run` and `demo` use a server that keeps nothing",
    "FOLKMOOT_CHAT_ID": "the chat that the command line's verbs are about",
    "FOLKMOOT_TEAM_FILE": "team of `folkmoot run`: a JSON file, or module:attribute",
    "FOLKMOOT_TASK": "task of `folkmoot run`",
    "FOLKMOOT_REPLACE": "1: `folkmoot run` and `import` start anew where a chat of their id was closed",
    "FOLKMOOT_TENANT": "tenant of chats that `folkmoot run`, `fork` and `import` open, `ls` and `inbox` list",
    "FOLKMOOT_STATUS": "status of the chats that `folkmoot ls` lists",
    "FOLKMOOT_TEAM": "team of the chats that `folkmoot ls` lists",
    "FOLKMOOT_FILTER": "condition of the chats that `folkmoot ls` lists, in Temporal's list filter language",
    "FOLKMOOT_LIMIT": "how many chats `folkmoot ls`, and requests `folkmoot inbox`, lists at most, 100 if not set",
    "FOLKMOOT_REPLAY_FILTER": "condition of the live chats that `folkmoot replay` replays",
    "FOLKMOOT_REPLAY_LIMIT": "how many live chats `folkmoot replay` replays at most, all if not set",
    "FOLKMOOT_REPLAY_ID": "the one chat that `folkmoot replay` replays",
    "FOLKMOOT_AFTER": "offset of the log after which `folkmoot tail` begins",
    "FOLKMOOT_FOLLOW": "1: `folkmoot tail` goes on with what comes",
    "FOLKMOOT_NOW": "1: `folkmoot pause` cancels calls in flight",
    "FOLKMOOT_FORCE": "1: `folkmoot reset`, `close`, `rollback`, `load` and `resume` end a run that is under way first",
    "FOLKMOOT_DELETE_ID": "the closed chat that `folkmoot delete` deletes",
    "FOLKMOOT_OLDER_THAN": "age of the closed chats that `folkmoot delete` deletes, such as 90d",
    "FOLKMOOT_DELETE_FORCE": "1: `folkmoot delete` terminates a chat that lives",
    "FOLKMOOT_DRY_RUN": "1: `folkmoot delete` only tells what it would delete",
    "FOLKMOOT_AT": "offset of the snapshot that the command line's verbs of state and time are about",
    "FOLKMOOT_TURN": "turn of that snapshot",
    "FOLKMOOT_LABEL": "label of that snapshot",
    "FOLKMOOT_LABEL_NAME": "name that `folkmoot label` gives",
    "FOLKMOOT_REMOVE": "1: `folkmoot label` takes the name away",
    "FOLKMOOT_FIRST": "first snapshot of `folkmoot diff`, an offset or a label",
    "FOLKMOOT_SECOND": "second snapshot of `folkmoot diff`",
    "FOLKMOOT_COMPENSATE": "1: `folkmoot rollback` has the tools run that undo crossed calls",
    "FOLKMOOT_YES": "1: `folkmoot rollback` does not ask at a terminal",
    "FOLKMOOT_NEW_ID": "id of the chat that `folkmoot fork` opens",
    "FOLKMOOT_PART": "participant or condition that `folkmoot save` and `load` are about",
    "FOLKMOOT_OUTPUT": "file that `folkmoot save` and `export` write",
    "FOLKMOOT_STATE_FILE": "file that `folkmoot load` reads",
    "FOLKMOOT_MESSAGES_FILE": "file of old messages that `folkmoot resume` reads",
    "FOLKMOOT_IMPORT_FILE": "file that `folkmoot import` reads",
    "FOLKMOOT_OPEN_TEAM": "team with which `folkmoot load` and `resume` open a chat: a JSON file, or module:attribute",
    "FOLKMOOT_TERMINATION": "what `folkmoot resume` does to a last message that ends chats: keep, remove, TEXT=NEW",
    "FOLKMOOT_NAMES": "whom names in the messages of `folkmoot resume` mean: NAME=PARTICIPANT, with blanks in between",
    "FOLKMOOT_MAX_TOKENS": "tokens of the newest messages that `folkmoot resume` keeps, all if not set",
    "FOLKMOOT_AGENT": "participant that `folkmoot context` is about",
    "FOLKMOOT_UNTOLD": "1: newcomers that `folkmoot change` brings do not hear what was said so far",
    "FOLKMOOT_NEW_TEAM": "team that `folkmoot change` gives a chat: a JSON file, or module:attribute",
    "FOLKMOOT_METHOD": "how `folkmoot summarize` sums up: last_msg, reflection_with_llm or a function's name",
    "FOLKMOOT_PROMPT": "what `folkmoot summarize` asks the model for",
    "FOLKMOOT_MODEL": "model that `folkmoot summarize` asks, the team's if not set",
    "FOLKMOOT_RETENTION": "how long the namespace that `folkmoot setup` makes keeps closed chats, such as 30d",
    "FOLKMOOT_SETUP_WAIT": "seconds in which a server may come up that `folkmoot setup` waits for, none if not set",
    "FOLKMOOT_STRICT": "1: `folkmoot doctor` ends with 1 for warnings, too",
    "FOLKMOOT_DEPLOYMENT": "deployment that a worker is a version of, none if not set",
    "FOLKMOOT_WEBHOOKS": "webhooks of a worker, NAME=URL with blanks in between, for teams that notify NAME",
    "FOLKMOOT_WEBHOOK_SECRET_NAME": "secret of the webhook NAME, which is in capitals there, with _ for -",
    "FOLKMOOT_WEBHOOK_SECRET_NAME_FILE": "file of that secret, instead",
    "FOLKMOOT_ALLOW_HTTP_WEBHOOKS": "1: webhooks may go to http URLs of other machines, too",
    "FOLKMOOT_BUILD_ID": "which version of its deployment a worker is",
    "FOLKMOOT_VERSIONING": "pinned: a worker's chats stay with its version; auto-upgrade, as if not set: they go over",
    "FOLKMOOT_SCRIPT": "script of `folkmoot scripted-model`, a JSON file",
    "FOLKMOOT_SCRIPTED_HOST": "address that `folkmoot scripted-model` listens on, '127.0.0.1' if not set",
    "FOLKMOOT_SCRIPTED_PORT": "port that `folkmoot scripted-model` listens on, any free one if not set",
    "FOLKMOOT_DEMO_MODEL": "model of `folkmoot demo` where OPENAI_API_KEY is set, 'gpt-4o-mini' if not set",
    "OPENAI_API_KEY": "key of the default model endpoint; read by workers only",
    "OPENAI_BASE_URL": "URL of the default OpenAI-compatible model endpoint",
    "FOLKMOOT_CODE_FOLDER": "folder in which agents may run code, for the command line's workers; none: they may not",
    "FOLKMOOT_REQUEST": "request that `folkmoot answer`, `approve`, `reject`, `edit` and `settle` are about",
    "FOLKMOOT_ANSWER": "text of `folkmoot answer`",
    "FOLKMOOT_BY": "who asks for it, answers or decides; whose `folkmoot inbox` it is",
    "FOLKMOOT_ROLES": "roles of theirs, with blanks in between",
    "FOLKMOOT_ALL": "1: `folkmoot inbox` lists whatever anybody is asked",
    "FOLKMOOT_OVERDUE": "1: `folkmoot inbox` lists only what is past its deadline",
    "FOLKMOOT_DUE_BEFORE": "time by which what `folkmoot inbox` lists is due, or how long from now, such as 2h",
    "FOLKMOOT_COMMENT": "comment of a decision, for the log",
    "FOLKMOOT_HASH": "hash of what was looked at before it was decided",
    "FOLKMOOT_REASON": "reason of `folkmoot reject`, and of a call that failed as `folkmoot settle` tells",
    "FOLKMOOT_ADD": "how much more of what `folkmoot approve` gives a budget: tokens=1000, with blanks in between",
    "FOLKMOOT_ARGUMENTS": "arguments that `folkmoot edit` decides for: JSON, @FILE, or - to read them",
    "FOLKMOOT_OUTCOME": "what `folkmoot settle` tells of a call: succeeded, failed or retry",
    "FOLKMOOT_RESULT": "result that `folkmoot settle` tells",
    "FOLKMOOT_SAY": "text of `folkmoot say`",
    "FOLKMOOT_WHEN": "when the others hear it: queue, turn or now",
    "EDITOR": "editor in which `folkmoot edit` and `run` have arguments changed, 'vi' if not set",
    "FOLKMOOT_API_HOST": "address that the HTTP API listens on, '127.0.0.1' if not set",
    "FOLKMOOT_API_PORT": "port that the HTTP API listens on, 8080 if not set",
    "FOLKMOOT_TRUSTED_PROXIES": "proxies of the HTTP API: addresses and networks, this machine if not set; *: any",
    "FOLKMOOT_AUTH": "none: all who call the HTTP API are admins, on this machine only; token, as if not set",
    "FOLKMOOT_TOKEN_KEY": "keys of tokens, 32 bytes at least, with blanks in between; the first one signs",
    "FOLKMOOT_TOKEN_KEY_FILE": "file of these keys, instead",
    "FOLKMOOT_OIDC_ISSUER": "OpenID Connect provider whose tokens the HTTP API takes, as they name it",
    "FOLKMOOT_OIDC_AUDIENCE": "whom the provider's tokens are for, such as folkmoot; several with blanks in between",
    "FOLKMOOT_OIDC_JWKS_URL": "URL of the provider's keys, as its configuration says if not set",
    "FOLKMOOT_OIDC_SUBJECT_CLAIM": "claim of the provider's tokens that tells who it is, 'sub' if not set",
    "FOLKMOOT_OIDC_NAME_CLAIM": "claim that tells what to call them, 'name' if not set",
    "FOLKMOOT_OIDC_ROLES_CLAIM": "claim that tells their roles, such as realm_access.roles, 'roles' if not set",
    "FOLKMOOT_OIDC_TENANT_CLAIM": "claim that tells their tenant, 'tenant' if not set",
    "FOLKMOOT_OIDC_TENANTS_CLAIM": 'claim that is ["*"] with an admin of all tenants; if not set, no claim is',
    "FOLKMOOT_OIDC_ROLE_MAP": "what roles of the provider are here: THEIRS=OURS, with blanks in between",
    "FOLKMOOT_DATABASE_URL": "URL of the application's database, an SQLite file in the data folder if not set",
    "FOLKMOOT_TEAMS": "folder of JSON files of teams that `folkmoot serve` opens chats with by name",
    "FOLKMOOT_NAMED_TEAMS": "1: chats that are opened over HTTP are of the teams in FOLKMOOT_TEAMS only",
    "FOLKMOOT_PROCESSES": "module:attribute of the business processes that can be started over HTTP",
    "FOLKMOOT_PEOPLE_FILE": "TOML file of people, their roles and tenants, which wins over tokens",
    "FOLKMOOT_MAX_BODY": "bytes that a request of the HTTP API may have, 4194304 if not set",
    "FOLKMOOT_RATE_LIMIT": "requests of one caller of the HTTP API, '600/minute' if not set; none: any number",
    "FOLKMOOT_ANONYMOUS_RATE_LIMIT": "requests of one address that does not say who it is, '60/minute' if not set",
    "FOLKMOOT_CORS_ORIGINS": "origins of pages that may call the HTTP API, none if not set",
    "FOLKMOOT_DASHBOARD": "0: `folkmoot serve` shows no dashboard; if not set, it does where NiceGUI is installed",
    "FOLKMOOT_TEMPORAL_UI_URL": "URL of Temporal's Web UI for the dashboard's links; if not set, the embedded server's",
    "FOLKMOOT_DECISION_KEY": "key with which the HTTP API signs decisions",
    "FOLKMOOT_DECISION_KEY_FILE": "file of that key, instead",
    "FOLKMOOT_DECISION_PUBLIC_KEYS": "public keys of signed decisions that count, for workers, with blanks in between",
    "FOLKMOOT_DECISION_PUBLIC_KEYS_FILE": "file of these keys, instead",
    "FOLKMOOT_TOKEN_SUBJECT": "whose token `folkmoot token` issues",
    "FOLKMOOT_TOKEN_ROLES": "roles in that token, with blanks in between",
    "FOLKMOOT_TOKEN_TENANT": "tenant in that token",
    "FOLKMOOT_TOKEN_ALL_TENANTS": "1: that token of an admin is for all tenants",
    "FOLKMOOT_TOKEN_NAME": "name in that token",
    "FOLKMOOT_TOKEN_EXPIRES": "how long that token is good for, '8h' if not set",
    "FOLKMOOT_SHOW_CLAIMS": "1: `folkmoot token` tells what the token on its input says",
    "FOLKMOOT_NEW_KEY": "file in which `folkmoot token` makes a key of tokens",
    "FOLKMOOT_NEW_DECISION_KEY": "file in which `folkmoot token` makes a key of decisions",
    "FOLKMOOT_ENCRYPTION_KEYS": "keys that encrypt payloads and the store: ID:KEY,ID:KEY,...; the first one encrypts",
    "FOLKMOOT_ENCRYPTION_KEYS_FILE": "file of these keys, instead",
    "FOLKMOOT_ENCRYPTION_KEY_ID": "id of the key that `folkmoot encryption-key` makes, of today's date if not set",
    "FOLKMOOT_NEW_ENCRYPTION_KEY": "new file in which `folkmoot encryption-key` puts it",
}
"""Name and meaning of every environment variable that Folkmoot, or a library it connects with, reads."""


def default_data_folder() -> Path:
    """The folder of the embedded server's data: `FOLKMOOT_DATA_DIR`, else by the XDG base directory rules."""
    chosen = os.environ.get(DATA_DIR)
    if chosen:
        return Path(chosen).expanduser()
    return _xdg("XDG_DATA_HOME", ".local/share") / "folkmoot"


def cache_folder() -> Path:
    """The folder of what can be fetched or built again: the Temporal CLI and the Go that builds it."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "folkmoot"


def task_queue(default: str) -> str:
    """The task queue named by `FOLKMOOT_TASK_QUEUE`, else `default`."""
    return os.environ.get(TASK_QUEUE) or default


def _xdg(variable: str, fallback: str) -> Path:
    # The XDG rules say that a relative path in these variables is invalid and to be ignored.
    value = os.environ.get(variable, "")
    return Path(value) if Path(value).is_absolute() else Path.home() / fallback
