"""What `rankzero run` takes for a cluster, and what becomes of it in the job."""

from __future__ import annotations

import json

import pytest

OPTIONS = {
    "tolerations": (
        ("--toleration", "a=b:NoSchedule"),
        [
            {
                "key": "a",
                "operator": "Equal",
                "value": "b",
                "effect": "NoSchedule",
                "tolerationSeconds": None,
            }
        ],
    ),
    "secrets": (("--secret", "KEY=s/k"), {"KEY": {"secret": "s", "key": "k"}}),
    "env_from": (("--env-from", "s"), [{"secret": "s", "config_map": None}]),
    "pull_secrets": (("--pull-secret", "a", "--pull-secret", "b"), ["a", "b"]),
    "queue": (("--queue", "team"), "team"),
    "service_account": (("--service-account", "me"), "me"),
    "isolate": (("--isolate",), True),
    "log_volume": (("--log-volume", "team"), "team"),
    "output_volume": (("--output-volume", "results"), "results"),
    "spares": (("--spares",), True),
    "keep_outputs": (("--keep-outputs", "1h"), 3600.0),
    "ttl": (("--ttl", "7d"), 604800.0),
}
OF_ROLES = {
    "shm": (("--shm", "2Gi"), "2Gi"),
    "user": (("--user", "12:34"), "12:34"),
    "priority_class": (("--priority-class", "high"), "high"),
}


@pytest.fixture
def planned(rankzero, tmp_path, monkeypatch):
    """The job of a dry run with these options."""
    (tmp_path / "train.py").write_text("")
    monkeypatch.chdir(tmp_path)

    def job(*options):
        code, out, err = rankzero("run", "train.py", "--dry-run", "-o", "json", *options)
        assert code == 0, err
        return json.loads(out)["job"]

    return job


@pytest.mark.parametrize("key", sorted(OPTIONS))
def test_an_option_is_the_jobs_key(planned, key):
    options, value = OPTIONS[key]
    assert planned(*options)[key] == value
    assert planned()[key] != value


@pytest.mark.parametrize("key", sorted(OF_ROLES))
def test_an_option_is_the_roles_key(planned, key):
    options, value = OF_ROLES[key]
    assert planned(*options)["roles"]["worker"][key] == value


def test_machines_volumes_and_rights(planned):
    assert planned("--node-selector", "a=b", "--node-selector", "c=")["node_selector"] == {
        "a": "b",
        "c": "",
    }
    volume = planned("--volume", "mnist:/data:ro")["volumes"]["mnist"]
    assert (volume["claim"], volume["path"], volume["read_only"]) == ("mnist", "/data", True)
    assert planned("--api")["api"][0]["verbs"] == ["get", "list", "watch"]
    role = planned("--gpus", "amd.com/gpu=0")["roles"]["worker"]
    assert (role["gpus"], role["gpu_resource"]) == (0, "amd.com/gpu")


def test_what_is_no_pair_is_refused_as_it_was_typed(rankzero, tmp_path):
    (tmp_path / "train.py").write_text("")
    script = str(tmp_path / "train.py")
    assert rankzero("run", script, "--secret", "KEY", "--dry-run")[0] == 2
    code, _, err = rankzero("run", script, "--node-selector", "a=b c", "--dry-run")
    assert code == 2
    assert "--node-selector: must be at most 63 letters" in err
