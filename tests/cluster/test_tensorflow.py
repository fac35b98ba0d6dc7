"""TensorFlow on a cluster: TF_CONFIG leads from pod to pod; parameter servers end with the run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.home import Command, Said
from support.pods import KILL_RANK
from support.waiting import until

from .lab.watching import holds
from .team import Team

#: The first test may build the image, and every node pulls 1.5 GB of it.
pytestmark = pytest.mark.timeout(1200)
PATIENCE = 300
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "digits-ps" / "job.yaml")

MIRRORED = """
import json, os, socket
import numpy as np, tensorflow as tf, tf_keras
print("TF_CONFIG", os.environ["TF_CONFIG"])
print("address", socket.gethostbyname(socket.gethostname()))
strategy = tf.distribute.MultiWorkerMirroredStrategy()
x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
y = x @ np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
with strategy.scope():
    model = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(4,))])
    model.compile(tf_keras.optimizers.SGD(0.1), "mse")
losses = model.fit(x, y, batch_size=64, epochs=3, verbose=0).history["loss"]
print("losses", json.dumps([strategy.num_replicas_in_sync, *losses]))
"""

#: A chief that drives workers and parameter servers, none of which ever ends by itself.
DRIVEN = """
import tensorflow as tf
me = tf.distribute.cluster_resolver.TFConfigClusterResolver()
print("task", me.task_type, me.task_id)
if me.task_type != "chief":
    tf.distribute.Server(me.cluster_spec(), job_name=me.task_type, task_index=me.task_id).join()
strategy = tf.distribute.ParameterServerStrategy(me)
coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
with strategy.scope():
    weight, step = tf.Variable(0.0), tf.Variable(0, dtype=tf.int64)

@tf.function
def train(samples):
    def one(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((weight * x - 3.0 * x) ** 2)
        weight.assign_sub(0.5 * tape.gradient(loss, weight))
        step.assign_add(1)
    strategy.run(one, args=(next(samples),))

def data():
    return tf.data.Dataset.from_tensor_slices(tf.random.uniform([64])).repeat().batch(16)

samples = iter(coordinator.create_per_worker_dataset(data))
for _ in range(100):
    coordinator.schedule(train, args=(samples,))
coordinator.join()
print(f"global step {int(step)}  weight {float(weight):.1f}")
"""
ROLES = """
name: driven
framework: tensorflow
run: driven.py
roles:
  chief: {nodes: 1}
  worker: {nodes: 2}
  ps: {nodes: 2}
"""


def start(team: Team, image: str, *argv: str) -> Command:
    return team.start("run", *argv, env={"RANKZERO_IMAGE": image})


def told(said: Said, word: str) -> dict[int, str]:
    """What each rank said after a word, by rank; its last line of the kind."""
    found = re.findall(rf"^\[(\d+)\] {word} (.*)$", said.out, re.MULTILINE)
    return {int(rank): rest for rank, rest in found}


def pods(team: Team, run: str, role: str = "") -> list[str]:
    """The names of a run's pods, or of those of one of its roles."""
    selector = f"rankzero/run={run}" + (f",rankzero/role={role}" if role else "")
    found = team.admin.get("pods", "-l", selector)["items"]
    return sorted(pod["metadata"]["name"] for pod in found)


def test_mirrored_workers_have_one_cluster_and_train_as_one(team: Team, tensorflow: str) -> None:
    said = start(team, tensorflow, team.script(MIRRORED), "--nodes", "2").wait(PATIENCE)

    assert said.code == 0, said
    configs = {rank: json.loads(text) for rank, text in told(said, "TF_CONFIG").items()}
    addresses = told(said, "address")
    assert configs[0]["cluster"] == configs[1]["cluster"]
    for rank in (0, 1):
        assert configs[rank]["task"] == {"type": "worker", "index": rank}
        host, _, port = configs[0]["cluster"]["worker"][rank].rpartition(":")
        assert host == addresses[rank]
        assert int(port) > 1024
    # Each has half of every batch: what both saw is what both learnt.
    losses = {rank: json.loads(text) for rank, text in told(said, "losses").items()}
    replicas, first, *_, last = losses[0]
    assert (replicas, losses[0]) == (2, losses[1])
    assert last < first / 4


def test_a_run_with_parameter_servers_ends_when_its_workers_do(team: Team, tensorflow: str) -> None:
    way = ("--set", "steps=300", "--outputs", "back")
    said = start(team, tensorflow, EXAMPLE, *way).wait(PATIENCE)

    assert said.code == 0, said
    lines = r"^\[{0}\] \d\d:\d\d:\d\d\.\d+  worker {0}  local step (\d+)  global step (\d+)  loss"
    for rank in (0, 1):
        steps = re.findall(lines.format(rank), said.out, re.MULTILINE)
        assert steps, said.out
        # The global step is shared: it counts what the other did as well.
        assert any(int(both) > int(own) for own, both in steps)
        assert re.search(rf"^\[{rank}\] .* training took [\d.]+ s$", said.out, re.MULTILINE)
    assert said.out.count("initialised the variables") == 1
    assert "[2] ps 0 of 2 serves" in said.out
    assert "[3] ps 1 of 2 serves" in said.out
    accuracy = re.findall(r"^\[0\] .* test accuracy ([\d.]+)$", said.out, re.MULTILINE)
    assert float(accuracy[-1]) > 0.8
    assert re.search(r"^✓ succeeded in [\d.]+ (s|min)", said.err, re.MULTILINE)
    kept = {path.name.split(".")[0] for path in (team.work / "back" / "logs").iterdir()}
    assert kept == {"checkpoint", "model", "events"}

    def all_complete() -> bool:
        jobs = team.admin.get("jobs")["items"]
        return len(jobs) == 2 and all(job["status"].get("succeeded") == 2 for job in jobs)

    holds("both Jobs to be complete", all_complete)


def test_a_chief_s_end_is_the_end_of_those_it_drove(team: Team, tensorflow: str) -> None:
    team.script(DRIVEN, "driven.py")
    said = start(team, tensorflow, team.script(ROLES, "job.yaml")).wait(PATIENCE)

    assert said.code == 0, said
    tasks = ["chief 0", "worker 0", "worker 1", "ps 0", "ps 1"]
    assert told(said, "task") == dict(enumerate(tasks))
    assert told(said, "global step")[0] == "100  weight 3.0"


# A pod that is deleted says goodbye: its loss is no failure, and uses no restart.
@pytest.mark.parametrize(("what", "restarts"), [("rank", 1), ("pod", 0)])
def test_a_worker_is_killed_and_training_goes_on_from_the_checkpoint(
    team: Team, tensorflow: str, what: str, restarts: int
) -> None:
    running = start(team, tensorflow, EXAMPLE, "--set", "steps=1200")
    running.until_said("test accuracy", PATIENCE)
    # What was tested first is on the disk once something is tested again.
    until(lambda: running.out.count("test accuracy") > 1, "a checkpoint", PATIENCE)
    run = running.err.split()[0]
    (pod,) = [name for name in pods(team, run, "worker") if "-worker-1-" in name]
    if what == "rank":
        team.admin("exec", pod, "--", "python3", "-c", KILL_RANK, "1", "9")
    else:
        team.admin("delete", "pod", pod, "--grace-period=0", "--force")

    said = running.wait(PATIENCE)

    assert said.code == 0, said
    resumed = re.findall(r"worker 0  resumed at global step (\d+)", said.out)
    assert len(resumed) == 1, said.out
    assert int(resumed[0]) > 0
    steps = [int(step) for step in re.findall(r"global step (\d+)  test accuracy", said.out)]
    assert steps[-1] >= 1200
    assert len(re.findall(r"worker \d  done after \d+ local steps", said.out)) == 2
    (found,) = json.loads(team.call("status", run, "--output", "json").out)["runs"]
    assert (found["state"], found["generation"]) == ("succeeded", 2)
    assert found["restarts"] == restarts
    assert (pod in pods(team, run)) == (what == "rank")
