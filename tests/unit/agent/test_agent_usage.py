"""What a control group counts, of either version, from files as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.agent.usage import Gauge, Group, Usage

MIB = 1024**2


def written(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def version_2(folder: Path, limit: str = "104857600", **changed: str) -> None:
    files = {
        "memory.current": f"{30 * MIB}\n",
        "memory.peak": f"{90 * MIB}\n",
        "memory.max": f"{limit}\n",
        "memory.stat": f"anon 1\ninactive_file {10 * MIB}\n",
        "memory.events": "low 0\noom 1\noom_kill 2\noom_group_kill 0\n",
        "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
    }
    written(folder, {**files, **{name.replace("_", "."): text for name, text in changed.items()}})


def version_1(root: Path, path: str, limit: int = 104857600) -> None:
    files = {
        "memory.usage_in_bytes": f"{30 * MIB}\n",
        "memory.max_usage_in_bytes": f"{90 * MIB}\n",
        "memory.limit_in_bytes": f"{limit}\n",
        "memory.stat": f"cache 1\ntotal_inactive_file {10 * MIB}\n",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    }
    written(root / "memory" / path, files)
    written(root / "cpuacct" / path, {"cpuacct.usage": "2500000000\n"})


def group(root: Path, membership: str) -> Group:
    of = root / "self"
    of.write_text(membership)
    return Group(str(root), str(of))


FULL = Usage(used=20 * MIB, peak=90 * MIB, limit=100 * MIB, killed=2, cpu=2.5)


def test_version_2_in_a_container_that_sees_its_own_group(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    version_2(tmp_path)
    assert group(tmp_path, "0::/\n").usage() == FULL


def test_version_2_on_a_machine_that_sees_all_groups(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    version_2(tmp_path / "user.slice" / "me")
    assert group(tmp_path, "0::/user.slice/me\n").usage() == FULL


def test_version_1_whose_mount_shows_the_container_s_own_group(tmp_path: Path) -> None:
    version_1(tmp_path, "")
    whole = "12:memory:/kubepods/pod1/c1\n4:cpu,cpuacct:/kubepods/pod1/c1\n0::/\n"
    assert group(tmp_path, whole).usage() == FULL


def test_version_1_on_a_machine_that_sees_all_groups(tmp_path: Path) -> None:
    version_1(tmp_path, "kubepods/pod1")
    whole = "12:memory:/kubepods/pod1\n4:cpu,cpuacct:/kubepods/pod1\n"
    assert group(tmp_path, whole).usage() == FULL


@pytest.mark.parametrize("two", [True, False])
def test_no_limit_is_none(tmp_path: Path, two: bool) -> None:
    if two:
        (tmp_path / "cgroup.controllers").touch()
        version_2(tmp_path, limit="max")
    else:
        version_1(tmp_path, "", limit=9223372036854771712)
    usage = group(tmp_path, "0::/\n").usage()
    assert usage is not None
    assert usage.limit is None


def test_a_kernel_without_a_peak_has_at_least_what_is_used(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    version_2(tmp_path)
    (tmp_path / "memory.peak").unlink()
    usage = group(tmp_path, "0::/\n").usage()
    assert usage is not None
    assert usage.peak == 30 * MIB


def test_where_nothing_can_be_read_nothing_is_known(tmp_path: Path) -> None:
    nothing = Group(str(tmp_path / "none"), str(tmp_path / "no-membership"))
    assert nothing.usage() is None
    assert nothing.killed() == 0
    gauge = Gauge(nothing)
    assert gauge.read(1.0) == {}
    assert not gauge.news({})
    assert gauge.starved(1.0) == {}


class Counting(Group):
    """A group whose counts a test sets."""

    def __init__(self) -> None:
        self.now = FULL

    def usage(self) -> Usage:
        return self.now

    def killed(self) -> int:
        return self.now.killed


def test_processors_in_use_are_counted_between_two_readings() -> None:
    counting = Counting()
    gauge = Gauge(counting)
    assert "cpu" not in gauge.read(10.0)
    counting.now = FULL._replace(cpu=5.5)
    assert gauge.read(12.0)["cpu"] == 1.5


def test_a_peak_is_news_each_time_it_has_grown_by_a_twentieth_of_the_limit() -> None:
    gauge = Gauge(Counting())
    peaks = [1, 6, 8, 10, 12, 12, 90, 92, 100]
    told = [peak for peak in peaks if gauge.news({"peak": peak * MIB, "limit": 100 * MIB})]
    assert told == [6, 12, 90, 100]


def test_without_a_limit_news_become_ever_rarer() -> None:
    gauge = Gauge(Counting())
    told = [peak for peak in range(1, 200) if gauge.news({"peak": peak * 100})]
    assert len(told) < 25
    assert told[-1] - told[-2] > told[-3] - told[-4]


def test_only_what_the_kernel_ended_since_the_ranks_began_counts() -> None:
    counting = Counting()
    gauge = Gauge(counting)
    gauge.mark()
    assert gauge.starved(5.0) == {}
    counting.now = FULL._replace(killed=3)
    assert gauge.starved(6.0) == {
        "memory": {"used": 20 * MIB, "peak": 90 * MIB, "limit": 100 * MIB, "killed": 1}
    }


def test_there_is_room_for_what_the_limit_leaves(tmp_path: Path) -> None:
    """100 MiB are the limit, 20 MiB are in use: files that are idle do not count."""
    membership = tmp_path / "membership"
    membership.write_text("0::/\n")
    root = tmp_path / "cgroup"
    written(root, {"cgroup.controllers": "memory\n"})
    version_2(root)
    gauge = Gauge(Group(str(root), str(membership)))

    assert gauge.room(80 * MIB)
    assert not gauge.room(81 * MIB)


def test_there_is_room_where_nobody_sets_a_limit(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("0::/\n")
    root = tmp_path / "cgroup"
    assert Gauge(Group(str(root), str(membership))).room(1 << 60)
    written(root, {"cgroup.controllers": "memory\n"})
    version_2(root, limit="max")

    assert Gauge(Group(str(root), str(membership))).room(1 << 60)
