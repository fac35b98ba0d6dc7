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
#: Of a model server: its program, where that is unpacked, its settings; and the model, as it
#: travels, as it lies then, and on a volume.
SERVER, SERVED = "/rankzero/server", f"{OWN}/server"
WEIGHTS, MODEL, MODEL_VOLUME = "/rankzero/weights", f"{OWN}/model", "/rankzero/volumes/model"
#: Volumes for what outlives the pods; a run has a folder of its name on each.
LOG_VOLUME, OUTPUT_VOLUME = "/rankzero/volumes/logs", "/rankzero/volumes/outputs"
#: Where a helper sees the one that it is for.
VOLUME = "/rankzero/volumes/one"
#: What Kubernetes reads when a container has ended.
TERMINATION = "/dev/termination-log"

#: Where the image itself holds the code, where that is too large for ConfigMaps: a folder a layer.
LAYERS = "/rankzero/layers"

ARCHIVE = f"{AGENT}/agent.zip"
TOKEN_FILE = f"{TOKEN}/token"


def log_folder(run: str) -> str:
    """Where a run's lines lie on the volume for them."""
    return f"{LOG_VOLUME}/{run}/logs"


def output_folder(run: str) -> str:
    """Where a run's outputs lie on the volume for them."""
    return f"{OUTPUT_VOLUME}/{run}/outputs"


def config(role: str) -> str:
    """The agent's config for the nodes of a role."""
    return f"{AGENT}/{role}.json"
