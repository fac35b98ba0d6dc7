"""What the coordinator knows, and what follows from it without deciding anything."""

from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import events as ev
from rankzero.agent.config import BEATS_MISSED, AgentConfig, Limits, RoleShape
from rankzero.agent.history import History
from rankzero.agent.membership.events import NOTHING, Record
from rankzero.contracts.topology import Node, Settings, Topology

#: A cut connection may come back within this many heartbeats before its node is lost.
BEATS_TO_RECONNECT = 2.5
#: With the minimum of nodes left, a lost one is given this long to be replaced (seconds).
REGROUP_WAIT = 3.0
#: How long gathering goes on before it is worth a line in the history (seconds).
WAIT_UNSAID = 1.0
#: Beyond the grace period, how long the nodes get to acknowledge the outcome (seconds).
ACK_WAIT = 10.0
#: How long after SIGKILL a rank may take to be gone, with its memory and its devices (seconds).
STUCK_WAIT = 60.0
#: How long the coordinator waits for the others to leave (seconds).
LEAVE_WAIT = 5.0


class Member(NamedTuple):
    """One incarnation of a node.

    seen: its last sign of life; gone: when its connection was cut. kill_by: when its ranks get
    SIGKILL at the latest, where they were asked to end. dismissed: it was told to leave.
    usage: what it uses, as its last heartbeat said.
    """

    key: str
    incarnation: str
    node: Node
    seen: float
    gone: Optional[float] = None
    phase: str = "idle"
    generation: int = 0
    acked: bool = False
    leaving: bool = False
    kill_by: Optional[float] = None
    dismissed: bool = False
    usage: Record = NOTHING


class State(NamedTuple):
    """phase: `gathering` -> `running` -> `stopping` -> (`gathering` | `ending`), and after that
    `ending` -> `lingering` -> `leaving` -> `alone` -> `over`.

    roster: the current generation's nodes in rank order, by key; topology: as assigned.
    results: rank -> exit code in this generation.
    failures: what went wrong in this generation, in the order of arrival.
    newest: the highest generation that anybody has heard of; inherited: an earlier coordinator of
    this run began one, and its loss is a failure.
    births: the newest incarnation of each node; an older one is fenced.
    clock: when the last step was; born: when the first one was.
    since: when the present phase began; wait: how long gathering waits for all before the
    minimum is enough. said_*: what the history has been told already.
    watched: whether anybody looks; released: whether somebody has got
        all that the run leaves.
    """

    roles: Tuple[RoleShape, ...]
    settings: Settings
    limits: Limits
    since: float
    born: float
    clock: float
    phase: str = "gathering"
    generation: int = 0
    restarts: int = 0
    newest: int = 0
    inherited: bool = False
    members: Mapping[str, Member] = {}
    births: Mapping[str, str] = {}
    roster: Tuple[str, ...] = ()
    topology: Optional[Topology] = None
    results: Mapping[int, int] = {}
    failures: Tuple[Record, ...] = ()
    stop_by: Optional[str] = None
    grace: Optional[float] = None
    wait: float = 0.0
    said_waiting: Tuple[str, ...] = ()
    said_running: bool = False
    outcome: Optional[Record] = None
    recorded: bool = False
    watched: bool = False
    released: bool = False


def resume(config: AgentConfig, history: History, now: float) -> State:
    """The state to begin with: empty, or what the run's history on this disk tells, or, where the
    disk went with an earlier coordinator, that there was one."""
    return State(
        roles=config.roles,
        settings=config.settings,
        limits=config.limits,
        since=now,
        born=now,
        clock=now,
        phase="gathering" if history.outcome is None else "ending",
        generation=history.generation,
        newest=history.generation,
        inherited=history.generation > 0 or config.losses > 0,
        restarts=max(history.restarts, config.losses - 1),
        wait=config.limits.join_wait,
        stop_by="an earlier request" if history.state == ev.STOPPING_STATE else None,
        outcome=history.outcome,
        recorded=history.final,
    )


def role_of(state: State, key: str) -> Optional[RoleShape]:
    """The role of a node's key, or None for a node that this run does not have."""
    name, _, index = key.partition("/")
    for role in state.roles:
        if role.name == name and index.isdigit() and int(index) < role.maximum:
            return role
    return None


def expected(state: State) -> List[str]:
    """Every node's key, in rank order, with all roles at their maximum."""
    return [f"{role.name}/{i}" for role in state.roles for i in range(role.maximum)]


def connected(member: Member) -> bool:
    return member.gone is None


def ready(state: State) -> List[str]:
    """The nodes that could start a generation now, in rank order."""
    return [
        key
        for key in expected(state)
        if key in state.members
        and connected(state.members[key])
        and state.members[key].phase == "idle"
        and not state.members[key].leaving
    ]


def enough(state: State, keys: List[str]) -> bool:
    """Whether these nodes fill every role's minimum."""
    counts: Dict[str, int] = {}
    for key in keys:
        name = key.partition("/")[0]
        counts[name] = counts.get(name, 0) + 1
    return all(counts.get(role.name, 0) >= role.minimum for role in state.roles)


def ranks_on(state: State, key: str) -> List[int]:
    """The global ranks that a node has in the current generation."""
    if state.topology is None or key not in state.roster:
        return []
    return [rank.rank for rank in state.topology.ranks_of(state.roster.index(key))]


def busy(state: State) -> bool:
    """Whether a node runs ranks, as far as is known, or may when it comes back."""
    return any(member.phase != "idle" for member in state.members.values())


def stuck(state: State, now: float) -> List[str]:
    """The nodes on which ranks live on long after SIGKILL: the kernel does not let them go."""
    return [
        member.key
        for member in state.members.values()
        if member.phase != "idle"
        and member.kill_by is not None
        and now >= member.kill_by + STUCK_WAIT
    ]


def patience(state: State) -> float:
    """How long those who look, or may still come to, are waited for after the end (seconds)."""
    if state.watched:
        return state.limits.linger
    return 0.0 if state.released else state.limits.expect


def here_to_leave(state: State) -> List[str]:
    """Of those who leave before the coordinator, who has not, or may come back to be told."""
    return [
        member.key
        for member in state.members.values()
        if not leaves_last(state, member.key) and not (member.dismissed and member.gone)
    ]


def finished_on(state: State, key: str) -> bool:
    """Whether every rank of the node has exited 0: its loss then costs nothing."""
    ranks = ranks_on(state, key)
    return bool(ranks) and all(state.results.get(rank) == 0 for rank in ranks)


def needed(state: State, key: str) -> bool:
    """Whether the present generation cannot end well without this node."""
    active = state.phase in ("running", "stopping")
    return active and key in state.roster and not finished_on(state, key)


def awaited(state: State, key: str) -> bool:
    """Whether the running generation counts on ranks that this node has not started yet."""
    return key in state.roster and not state.failures and not finished_on(state, key)


def settled(state: State) -> bool:
    """Whether every node is here that an earlier coordinator may have left behind."""
    return state.clock >= _settles(state) or len(state.members) == len(expected(state))


def _settles(state: State) -> float:
    return state.born + BEATS_TO_RECONNECT * state.limits.heartbeat


def succeeded(state: State) -> bool:
    """Whether every rank of the roles that complete has exited 0."""
    if state.topology is None:
        return False
    completing = {role.name for role in state.roles if role.completes}
    return all(
        state.results.get(rank.rank) == 0
        for rank in state.topology.ranks()
        if rank.role in completing
    )


def unfinished(state: State) -> List[int]:
    """The ranks of this generation that have not exited 0."""
    world = state.topology.world_size if state.topology is not None else 0
    return [rank for rank in range(world) if state.results.get(rank) != 0]


def leaves_last(state: State, key: str) -> bool:
    """Whether this is the coordinator's own node. A platform that ends the whole run with the
    first one that says it failed then cuts nobody short."""
    return key == expected(state)[0]


def failed(state: State) -> bool:
    """Whether the outcome is known, and is that."""
    return state.outcome is not None and state.outcome["state"] == ev.FAILED


def grace(state: State) -> float:
    return state.limits.grace if state.grace is None else state.grace


def deadline(state: State) -> Optional[float]:
    """When the machine wants its next Tick if nothing happens before, or None."""
    if state.phase == "over":
        return None
    beat = state.limits.heartbeat
    times: List[float] = []
    for member in state.members.values():
        times.append(state.clock + beat)
        if member.kill_by is not None:
            times.append(member.kill_by + STUCK_WAIT)
        if member.gone is not None:
            times.append(member.gone + BEATS_TO_RECONNECT * beat)
        else:
            times.append(member.seen + BEATS_MISSED * beat)
    if state.phase == "gathering":
        waits = (WAIT_UNSAID, state.wait, state.limits.join_wait)
        times.extend(state.since + wait for wait in waits)
    elif state.phase == "ending":
        times.extend((state.since + grace(state) + ACK_WAIT, _settles(state)))
    elif state.phase == "lingering":
        times.append(state.since + min(patience(state), state.limits.others))
    elif state.phase == "leaving":
        times.extend((state.since + LEAVE_WAIT, state.since + patience(state)))
    elif state.phase == "alone":
        times.append(state.since + state.limits.apart)
    return min((time for time in times if time > state.clock), default=None)
