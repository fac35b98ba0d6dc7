"""Where things lie in a pod."""

from __future__ import annotations

#: Read-only: the agent with each role's config, the token, the code's parts.
AGENT, TOKEN, CODE = "/rankzero/agent", "/rankzero/token", "/rankzero/code"
#: Who the coordinator is for the API server, in its role's pods, where the run heals itself.
ACCOUNT = "/rankzero/account"
#: The one folder that a pod may write to, whoever it runs as.
OWN = "/rankzero/run"
HOME, WORK = f"{OWN}/user", f"{OWN}/work"
TMP = f"{OWN}/tmp"  # noqa: S108 - in a folder of its own
NODE, OUTPUTS, EVENTS = f"{OWN}/node", f"{OWN}/outputs", f"{OWN}/events.jsonl"
#: What Kubernetes reads when a container has ended.
TERMINATION = "/dev/termination-log"

ARCHIVE = f"{AGENT}/agent.zip"
TOKEN_FILE = f"{TOKEN}/token"


def config(role: str) -> str:
    """The agent's config for the nodes of a role."""
    return f"{AGENT}/{role}.json"
