"""Where a rank waits for what `mpirun` has for it: a socket with a name that its stand-in knows.

The node's agent opens it before the rank starts, so whoever is first waits for the other. The
names are of Linux's abstract kind: there is no file that would have to go, and a pod has names of
its own, as it has a network.
"""

import array
import contextlib
import hashlib
import hmac
import json
import os
import socket
import struct
from typing import Dict, List, Mapping, Sequence, Tuple

#: Of Open MPI's, what people choose a device by. Where nodes share a machine, it counts the
#: machine's ranks and not the node's; ours are of the node.
_LOCAL = {
    "OMPI_COMM_WORLD_LOCAL_RANK": "RANKZERO_LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_SIZE": "RANKZERO_LOCAL_WORLD_SIZE",
}
_BLOCK, _MOST_FDS = 1 << 16, 16
_CREDENTIALS = "3i"


def seats(token: bytes, generation: int) -> str:
    """What the names of a generation's seats begin with, which no other run's has. They are no
    secret: whoever is at the other end is asked for by the kernel."""
    mark = hmac.new(token, b"mpi\0%d" % generation, hashlib.sha256).hexdigest()
    return "rankzero-%s" % mark[:32]


def open_seat(name: str, rank: int) -> socket.socket:
    """A rank's, that waits. Errors: OSError where there is no such kind of socket."""
    try:
        return _listening(name, rank)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "the seat of rank %d" % rank) from error


def give(name: str, rank: int, env: Mapping[str, str], descriptors: Mapping[str, int]) -> None:
    """To the rank on this machine: variables, and open descriptors by the variable that names
    them. Errors: OSError where no such rank waits, or somebody else in its place."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(_address(name, rank))
        if not _ours(sock):
            raise PermissionError("another user listens in the rank's place")
        text = json.dumps({"env": dict(env), "descriptors": list(descriptors)}).encode() + b"\n"
        numbers = array.array("i", descriptors.values())
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)] if descriptors else []
        rest = text[sock.sendmsg([text], rights) :]
        if rest:  # who has it all may be gone, and would not even take nothing
            sock.sendall(rest)


def stay(name: str, rank: int) -> socket.socket:
    """Where a stand-in waits to be let go. Errors: OSError."""
    return _listening("%s-end" % name, rank)


def stayed(sock: socket.socket) -> None:
    """Until it is let go."""
    while True:
        other, _ = sock.accept()
        with other:
            if _ours(other):
                return


def let_go(name: str, rank: int) -> None:
    """The rank has ended well: so shall its stand-in, if it is there."""
    with socket.socket(socket.AF_UNIX) as sock, contextlib.suppress(OSError):
        sock.connect(_address("%s-end" % name, rank))


def take(fd: int) -> None:
    """Wait for it, and become a process that `mpirun` has started: called once, by a rank."""
    with socket.socket(fileno=fd) as seat:
        text, numbers = _receive(seat)
    told = json.loads(text)
    os.environ.update(told["env"])
    for name, number in zip(told["descriptors"], numbers):
        os.set_inheritable(number, True)
        os.environ[name] = str(number)
    for name, ours in _LOCAL.items():
        if name in told["env"]:
            os.environ[name] = os.environ[ours]


def _receive(seat: socket.socket) -> Tuple[bytes, List[int]]:
    while True:
        sock, _ = seat.accept()
        with sock:
            if _ours(sock):
                text, numbers = _read(sock)
                if text.endswith(b"\n"):
                    return text, numbers


def _read(sock: socket.socket) -> Tuple[bytes, List[int]]:
    text, numbers = b"", array.array("i")
    while not text.endswith(b"\n"):
        room = socket.CMSG_SPACE(_MOST_FDS * numbers.itemsize)
        block, rights, _, _ = sock.recvmsg(_BLOCK, room)
        if not block:
            break
        text += block
        for level, kind, data in rights:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return text, list(numbers)


def _ours(sock: socket.socket) -> bool:
    """Whether the same user is at the other end."""
    size = struct.calcsize(_CREDENTIALS)
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack(_CREDENTIALS, data)[1]
    return user == os.geteuid()


def _listening(name: str, rank: int) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(_address(name, rank))
        sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock


def _address(name: str, rank: int) -> str:
    return "\0%s-%d" % (name, rank)


def variables(env: Mapping[str, str], prefixes: Sequence[str]) -> Dict[str, str]:
    """Those whose names begin so."""
    return {name: value for name, value in env.items() if name.startswith(tuple(prefixes))}
