"""Machines that are sets of namespaces: network, mounts, processes and host name of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from .places import LOG, MARK, PIDS, ROOT, STATE
from .shell import LabError, run, succeeds, until


def python(*argv: object) -> list[str]:
    """The command line of another part of the lab."""
    return [sys.executable, "-m", "tests.cluster.lab", *map(str, argv)]


def start(host: str, *argv: object) -> int:
    """Start `python -m tests.cluster.lab ARGV` as process 1 of new namespaces.

    Returns that process's id as the host counts.
    """
    log = LOG / f"{host}.log"
    name, value = MARK.split("=", 1)
    with log.open("ab") as output:
        outer = subprocess.Popen(
            [
                *("unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child"),
                *("--mount-proc", *python(*argv)),
            ],
            cwd=ROOT,
            env={**os.environ, name: value, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    pid = _only_child(outer, host)
    PIDS.mkdir(exist_ok=True)
    (PIDS / host).write_text(str(pid))
    return pid


def _only_child(outer: subprocess.Popen[bytes], host: str) -> int:
    """The process that unshare has started in the new namespaces."""
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")

    def there() -> bool:
        if outer.poll() is not None:
            raise LabError(f"no namespaces for {host}: unshare ended with {outer.returncode}")
        return bool(children.read_text().strip())

    until(f"the namespaces of {host}", there, 20, LOG / f"{host}.log")
    return int(children.read_text().split()[0])


def pid_of(host: str) -> int:
    """Process 1 of a machine. Errors: LabError where it is off."""
    try:
        pid = int((PIDS / host).read_text())
    except FileNotFoundError:
        raise LabError(f"{host} is not running (see `status`)") from None
    if pid not in marked():
        raise LabError(f"{host} is not running: its process {pid} has ended (see {LOG})")
    return pid


def runs(host: str) -> bool:
    """Whether a machine is on."""
    try:
        pid_of(host)
    except LabError:
        return False
    return True


def end(host: str) -> None:
    """End a machine at once, as a lost power supply would: nothing in it is told."""
    pid = pid_of(host)
    (PIDS / host).unlink()
    os.kill(pid, signal.SIGKILL)
    until(f"{host} to end", lambda: not Path(f"/proc/{pid}").exists(), 20)


def marked() -> set[int]:
    """Every process of this lab that the kernel knows, by the mark in its environment.

    What runs inside pods has an environment of its own, and ends with the machine that it is on.
    """
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if MARK.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
            except OSError:
                continue  # it ended meanwhile
    return found


def become_machine(host: str) -> None:
    """What process 1 does first: files, name and loopback that are the machine's own."""
    run("mount", "--make-rshared", "/")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for folder in ("/var/lib", "/var/log"):
        _writable_copy(Path(folder), STATE / host / "disk" / folder.strip("/").replace("/", "-"))
    run("hostname", host)
    run("ip", "link", "set", "lo", "up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _writable_copy(folder: Path, changes: Path) -> None:
    """Let what the machine writes to the folder lie in changes: the host's stays as it is."""
    for name in ("new", "work"):
        (changes / name).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={folder},upperdir={changes}/new,workdir={changes}/work"
    run("mount", "-t", "overlay", "overlay", "-o", options, folder)


def has_link(name: str) -> bool:
    """Whether the machine that this runs in has a network link of that name."""
    return succeeds("ip", "link", "show", name)
