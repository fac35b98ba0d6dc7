"""A folder too large for ConfigMaps: as layers on the run's image, through a real registry."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from rankzero.images import names
from rankzero.images.registry.reach import Reach, Trust
from rankzero.images.registry.repository import Repository
from support.home import Said
from support.waiting import until

from .lab.places import HUB, PRIVATE_PASSWORD, PRIVATE_REGISTRY, PRIVATE_USER, REGISTRY
from .lab.target import Cluster
from .piping import PATIENCE, written
from .team import Team
from .test_images import two_platforms

MB = 1_000_000
#: Averages what all ranks have learnt of the data that travelled.
TRAIN = """
import os
import torch
import torch.distributed as dist

with open("data/set.bin", "rb") as file:
    data = torch.frombuffer(bytearray(file.read(4_000_000)), dtype=torch.uint8).float() / 255
dist.init_process_group("gloo")
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(50):
    optimizer.zero_grad()
    x = data[dist.get_rank() :: 1000].unsqueeze(1)
    loss = torch.nn.functional.mse_loss(model(x), 2 * x + 1)
    loss.backward()
    optimizer.step()
print("learnt", dist.get_world_size(), os.path.getsize("data/set.bin"), float(loss) < 0.05)
if dist.get_rank() == 0:
    torch.save(model.state_dict(), os.path.join(os.environ["RANKZERO_OUTPUTS"], "model.pt"))
"""
#: What ranks may do with the folder.
LOOK = """
import os
print(os.getuid(), os.path.getsize("data/set.bin"), os.access("run.sh", os.X_OK), os.getcwd())
open("data/set.bin", "r+b").write(b"mine")
open("new", "w").close()
"""


class Large:
    """The team's folder with much data, and a repository of the test's own, empty at first."""

    def __init__(self, team: Team, repository: str) -> None:
        self.team, self.repository = team, repository
        self.env = {
            "XDG_CACHE_HOME": str(team.work.with_name("cache")),
            "DOCKER_CONFIG": str(team.work.with_name("docker")),
            "RANKZERO_REGISTRY": f"http://{REGISTRY}/{repository}",
        }
        (team.work / "run.sh").write_text("exit\n")
        (team.work / "run.sh").chmod(0o755)

    def data(self, size: int) -> Path:
        """The same each time, so that the registry keeps it once."""
        path = self.team.work / "data" / "set.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(random.Random(size).randbytes(size))
        return path

    def run(self, *argv: str, **env: str) -> Said:
        return self.team.start("run", "train.py", *argv, env={**self.env, **env}).wait(300)

    def planned(self, *argv: str) -> dict[str, Any]:
        said = self.run(*argv, "--dry-run", "-o", "json")
        assert said.code == 0, said
        found: dict[str, Any] = json.loads(said.out)["code"]["layers"]
        return found

    def forget(self, layers: dict[str, Any]) -> None:
        """Have the repository without them, whatever an earlier session has sent."""
        at = names.parse(f"{REGISTRY}/{self.repository}")
        with Reach(at.registry, at.host, Trust(insecure=True), None) as reach:
            for image in layers["images"]:
                digest = image["image"].partition("@")[2]
                reach.call("DELETE", f"/v2/{self.repository}/manifests/{digest}")
            for part in layers["parts"]:
                reach.call("DELETE", f"/v2/{self.repository}/blobs/{part['digest']}")

    def has(self, digest: str) -> bool:
        at = names.parse(f"{REGISTRY}/{self.repository}")
        with Reach(at.registry, at.host, Trust(insecure=True), None) as reach:
            return Repository(reach, at).has(digest)


@pytest.fixture
def repository(lab: Cluster, request: pytest.FixtureRequest) -> str:
    """Of the lab's registry."""
    return f"tests/layers-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"


@pytest.fixture
def large(team: Team, repository: str) -> Large:
    return Large(team, repository)


def objects(team: Team) -> str:
    kinds = "jobs,pods,services,secrets,configmaps"
    return team.admin("get", kinds, "-l", "rankzero/run", "-o", "name")


@pytest.mark.timeout(600)
def test_eighty_megabytes_train_over_two_nodes_and_are_sent_once(
    large: Large, team: Team, cluster: Cluster
) -> None:
    team.script(TRAIN)
    large.data(80 * MB)
    options = ("--nodes", "2", "--image", str(cluster.torch))
    large.forget(large.planned(*options))
    plan = large.planned(*options)
    data, code = plan["parts"]
    assert plan["missing"] >= data["size"] + code["size"] >= 80 * MB
    assert not large.has(data["digest"])

    first = large.run(*options)
    assert first.code == 0, first
    assert sorted(first.out.splitlines()) == [f"[{n}] learnt 2 {80 * MB} True" for n in (0, 1)]
    assert f"as layers on {REGISTRY}/{large.repository} (80 MB to send)" in first.err
    (outputs,) = (team.work / "outputs").iterdir()
    assert (outputs / "model.pt").stat().st_size > 0
    pods = team.admin.get("pods", "-l", "rankzero/run")["items"]
    images = {one["spec"]["containers"][0]["image"] for one in pods}
    assert images == {plan["images"][0]["image"]}

    assert "(all of it is there)" in large.run(*options).err
    team.script(TRAIN + f"# {team.namespace}\n")  # which no earlier session has sent
    changed = large.planned(*options)
    assert changed["parts"][0] == data
    assert 0 < changed["missing"] < 20_000
    third = large.run(*options)
    assert third.code == 0, third

    described = team.call("describe", "-", "-o", "json")
    facts = json.loads(described.out)["facts"]
    assert facts["image"] == cluster.torch
    assert facts["image with the code"] == changed["images"][0]["image"]


@pytest.mark.parametrize("who", ["1234", "image"])
def test_ranks_own_the_folder_whoever_they_are(large: Large, team: Team, who: str) -> None:
    """Also where nothing of the image itself may be written to."""
    container = {"name": "rank", "securityContext": {"readOnlyRootFilesystem": True}}
    (team.work / "job.yaml").write_text(
        json.dumps({"run": "train.py", "user": who, "pod": {"containers": [container]}})
    )
    team.script(LOOK)
    large.data(18 * MB)
    said = team.call("run", "job.yaml", env=large.env)
    assert said.code == 0, said
    uid = "0" if who == "image" else who
    assert said.out == f"[0] {uid} {18 * MB} True /rankzero/run/work\n"


def test_a_registry_with_a_password(large: Large, team: Team, lab: Cluster) -> None:
    team.script(LOOK)
    large.data(18 * MB)
    closed = {"RANKZERO_REGISTRY": f"http://{PRIVATE_REGISTRY}/{large.repository}"}
    denied = large.run(**closed)
    assert denied.code == 3, denied
    assert "does not let you look into" in denied.err
    assert f"rankzero image login {PRIVATE_REGISTRY}" in denied.err
    assert not objects(team)

    login = ("image", "login", PRIVATE_REGISTRY, "-u", PRIVATE_USER, "--insecure")
    password = team.work.with_name("password")
    password.write_text(PRIVATE_PASSWORD)
    with password.open() as file:
        said = team.call(*login, "--password-stdin", env=large.env, stdin=file)
    assert said.code == 0, said
    team.script(LOOK + f"# {team.namespace}\n")  # no machine has this image yet
    run = large.run("--detach", **closed).out.strip()
    refused = f"{PRIVATE_REGISTRY} refuses image {PRIVATE_REGISTRY}/{large.repository}@"
    until(lambda: refused in team.call("why", run).out, "the refusal to be told")
    assert "make a pull secret" in team.call("why", run).out
    assert team.call("stop", run).code == 0

    door = ("--docker-server", PRIVATE_REGISTRY, "--docker-username", PRIVATE_USER)
    secret = ("create", "secret", "docker-registry", "door", *door)
    team.admin(*secret, "--docker-password", PRIVATE_PASSWORD)
    opened = large.run("--pull-secret", "door", **closed)
    assert opened.code == 0, opened
    assert f"[0] 1000 {18 * MB} True" in opened.out


@pytest.mark.parametrize(
    ("registry", "code", "said"),
    [
        ("", 3, "or RANKZERO_REGISTRY"),
        (f"http://{HUB}:1/team/code", 3, f"{HUB}:1 does not answer"),
        (f"{REGISTRY}/team/code", 3, "say so before the registry's name: http://"),
        (f"http://{REGISTRY}", 2, "what images are called in it is missing"),
    ],
)
def test_what_keeps_it_from_travelling_is_told_and_nothing_is_made(
    large: Large, team: Team, registry: str, code: int, said: str
) -> None:
    team.script(LOOK)
    large.data(18 * MB)
    found = large.run(RANKZERO_REGISTRY=registry)
    assert (found.code, found.out) == (code, ""), found
    assert said in found.err
    if not registry:
        assert "data/set.bin 18.0 MB" in found.err
    assert not objects(team)


def test_a_profile_names_the_registry(large: Large, team: Team) -> None:
    to = large.env.pop("RANKZERO_REGISTRY")
    (team.work / "rankzero.toml").write_text(f'[profiles.far]\nregistry = "{to}"\n')
    team.script(LOOK)
    large.data(18 * MB)
    said = large.run("--on", "far")
    assert said.code == 0, said
    assert f"as layers on {REGISTRY}/{large.repository}" in said.err


@pytest.mark.parametrize("driver", ["cluster", "client"])
def test_the_steps_of_a_pipeline_share_it(repository: str, piping: Team, driver: str) -> None:
    large = Large(piping, repository)
    look = "import os; print(os.path.getsize('data/set.bin'))"
    steps = {
        "one": {"command": ["python", "-c", look]},
        "two": {"needs": ["one"], "job": {"run": "train.py", "nodes": 2}},
    }
    file = written(piping, json.dumps({"name": "pipe", "steps": steps}))
    piping.script(LOOK)
    large.data(18 * MB)
    if driver == "client":  # and a configuration for all jobs in the place of the environment
        to = large.env.pop("RANKZERO_REGISTRY")
        (piping.work / "rankzero.toml").write_text(f'[defaults]\nregistry = "{to}"\n')
    words = ("pipeline", "run", file, "--driver", driver)
    said = piping.start(*words, env=large.env).wait(PATIENCE)
    assert said.code == 0, said
    assert said.out.count(str(18 * MB)) == 3
    assert f"as layers on {REGISTRY}/{large.repository}" in said.err


def test_an_image_for_several_processors_stays_one(
    large: Large, team: Team, cluster: Cluster
) -> None:
    base = two_platforms(cluster.python, f"{REGISTRY}/{large.repository}-base:1")
    team.script(LOOK)
    large.data(18 * MB)
    said = large.run("--image", base)
    assert said.code == 0, said
    assert said.out.startswith(f"[0] 1000 {18 * MB} True")
    (image,) = large.planned("--image", base)["images"]
    assert image["processors"] == ["amd64", "arm64"]
