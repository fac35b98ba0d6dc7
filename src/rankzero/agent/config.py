"""What an agent is told when it starts: one JSON file, the same on every backend.

The plan writes it; a laptop keeps it in the run's folder, a cluster mounts it. It holds no
secret: the run's token lies in a file of its own, named by `token_file`.
"""

import json
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from rankzero.contracts.topology import Settings

#: How many heartbeats in a row may fail to come before a peer counts as lost, on both sides.
BEATS_MISSED = 5


class Command(NamedTuple):
    """What a rank runs. kind: `script`, `module`, `command`; target: its path, name, argv[0]."""

    kind: str
    target: str
    args: Tuple[str, ...] = ()


class RoleShape(NamedTuple):
    """A role as membership sees it: how many nodes at least and at most, and whether its ranks'
    success is awaited."""

    name: str
    minimum: int
    maximum: int
    completes: bool = True


class Limits(NamedTuple):
    """Times in seconds and sizes in bytes that rule a run.

    join_wait: how long nodes are waited for before the minimum starts, or the run fails.
    coordinator_wait: how long an agent goes on without a coordinator.
    grace: between SIGTERM and SIGKILL.
    heartbeat: between two signs of life; a peer silent for five of them is lost.
    linger: how long the last agents stay for an attached client to fetch what is left.
    others: how long the other agents stay for somebody who looks, before the last ones.
    expect: how long they wait for a client to come and do so, where none has yet.
    apart: how long the coordinator of a failed run stays when all others have left. Whoever fails
        a job by its first pod that does may see late that the others have ended, and then deletes
        them, with their logs.
    log_keep: bytes of log that a node keeps, oldest dropped first.
    """

    join_wait: float = 600.0
    coordinator_wait: float = 600.0
    grace: float = 30.0
    heartbeat: float = 2.0
    linger: float = 600.0
    others: float = 30.0
    expect: float = 0.0
    apart: float = 0.0
    log_keep: int = 256 * 1024 * 1024


class CodeParts(NamedTuple):
    """The user's folder as it travels: where its parts lie, and the sha256 of all together. into:
    the folder that they become; empty where that is workdir. layers: it lies there already, as
    folders of these names, each with some of its files; without, its parts are an archive's."""

    folder: str
    digest: str
    into: str = ""
    layers: Tuple[str, ...] = ()

    def to_json(self) -> Dict[str, Any]:
        found = {key: value for key, value in self._asdict().items() if value}
        return dict(found, layers=list(self.layers)) if self.layers else found


class AgentConfig(NamedTuple):
    """See the module. `role` and `index` name this node; everything else is shared by its role.

    coordinator: `host:port` to dial, looked up afresh at each try.
    listen: `host:port`, or `fd:N` for a socket that the parent already listens on; first node only.
    folder: where this node may write (logs, crash reports); outputs: where ranks may.
    nproc: ranks on this node; `gpu` and `cpu` mean one for each that the node has.
    devices: the accelerators granted to this node; None means all it can see, undivided.
    cpus: processors granted; None means what affinity and cgroup allow.
    termination_file: where the agent writes the outcome when it leaves, at most 4,096 bytes (a
        pod's termination message).
    echo: print every line, marked with its rank, on the agent's own stdout (a pod's log).
    code: what is to be unpacked before anything starts.
    python: the ranks' interpreter; empty means the agent's own.
    losses: how many agents of this node have died before this one, where no disk tells.
    log_folder: where every line is kept as well, in a folder of the run's own on a volume.
    shared_outputs: whether outputs lie in a folder of the run's own on a volume, too.
    step: of a part of a pipeline, what it takes and hands on (see `handing`).
    account: where the proof lies of who may take nodes from dead machines; first node only.
    spares: whether the ranks' interpreters may be started ahead.
    mpirun: of a job of MPI, the first words of the command that makes its ranks one world.
    """

    run: str
    role: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    roles: Tuple[RoleShape, ...]
    settings: Settings
    command: Command
    coordinator: str
    token_file: str
    folder: str
    outputs: str
    workdir: str
    python: str
    nproc: Union[int, str] = 1
    address: Optional[str] = None
    listen: Optional[str] = None
    events_file: Optional[str] = None
    devices: Optional[Tuple[str, ...]] = None
    cpus: Optional[int] = None
    env: Mapping[str, str] = {}
    ports: Mapping[str, int] = {}
    limits: Limits = Limits()
    echo: bool = False
    termination_file: Optional[str] = None
    code: Optional[CodeParts] = None
    losses: int = 0
    log_folder: Optional[str] = None
    shared_outputs: bool = False
    account: Optional[str] = None
    spares: bool = False
    mpirun: Tuple[str, ...] = ()
    step: Optional[Mapping[str, Any]] = None

    @property
    def node(self) -> str:
        """The node's name in events and on the screen: `worker/0`."""
        return f"{self.role}/{self.index}"

    def to_json(self) -> Dict[str, Any]:
        """Plain data; `from_json` undoes it."""
        data = self._asdict()
        data["roles"] = [role._asdict() for role in self.roles]
        data["settings"] = self.settings._asdict()
        data["command"] = self.command._asdict()
        data["limits"] = self.limits._asdict()
        data["code"] = None if self.code is None else self.code.to_json()
        data["env"] = dict(self.env)
        del data["mpirun"]
        if self.mpirun:  # of one framework alone
            data["mpirun"] = list(self.mpirun)
        data["ports"] = dict(self.ports)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AgentConfig":
        known = dict(data)
        command = known["command"]
        known["roles"] = tuple(RoleShape(**role) for role in known["roles"])
        known["settings"] = Settings(**known["settings"])
        known["command"] = Command(command["kind"], command["target"], tuple(command["args"]))
        known["mpirun"] = tuple(known.get("mpirun", ()))
        known["limits"] = Limits(**known.get("limits", {}))
        if known.get("code") is not None:
            code = known["code"]
            known["code"] = CodeParts(**dict(code, layers=tuple(code.get("layers") or ())))
        if known.get("devices") is not None:
            known["devices"] = tuple(known["devices"])
        return cls(**known)


def load(path: str) -> AgentConfig:
    """Read a config file. Errors: OSError, ValueError for what is no JSON, TypeError for an
    unknown key (an agent and a plan of two versions)."""
    with open(path, encoding="utf-8") as file:
        return AgentConfig.from_json(json.load(file))
