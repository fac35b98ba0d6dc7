"""What a job says of its pods: short forms, what contradicts itself, and options beside a file."""

from __future__ import annotations

import pytest

from rankzero import spec
from rankzero.plan.kubernetes import layout
from rankzero.spec.cluster_kinds import OWN_FOLDER
from rankzero.spec.pods import EnvSource, Rule, SecretKey, Toleration, Volume
from rankzero.spec.units import ids


def worker(load, text):
    return load(f"run: train.py\n{text}\n").roles["worker"]


# -- short forms


@pytest.mark.parametrize(
    ("text", "gpus", "name"),
    [
        ("gpus: 2", 2, "nvidia.com/gpu"),
        ("gpus: amd.com/gpu=2", 2, "amd.com/gpu"),
        ("gpus: nvidia.com/mig-1g.5gb=1", 1, "nvidia.com/mig-1g.5gb"),
        ("gpus: 2\ngpu_resource: amd.com/gpu", 2, "amd.com/gpu"),
        ("gpus: ${g}\nparams: {g: amd.com/gpu=3}", 3, "amd.com/gpu"),
    ],
)
def test_gpus_by_any_name(load, text, gpus, name):
    role = worker(load, text)
    assert (role.gpus, role.gpu_resource) == (gpus, name)


@pytest.mark.parametrize(
    ("text", "tolerations"),
    [
        ("[a=b:NoSchedule]", [Toleration(key="a", value="b", effect="NoSchedule")]),
        ("a:NoExecute", [Toleration(key="a", operator="Exists", effect="NoExecute")]),
        ("a=:NoExecute", [Toleration(key="a", value="", effect="NoExecute")]),
        ("a", [Toleration(key="a", operator="Exists")]),
        ("NoSchedule", [Toleration(operator="Exists", effect="NoSchedule")]),
        ("[{key: a, value: true}]", [Toleration(key="a", value="true")]),
        (
            "[{operator: Exists, effect: NoExecute, tolerationSeconds: 5}]",
            [Toleration(operator="Exists", effect="NoExecute", tolerationSeconds=5)],
        ),
    ],
)
def test_tolerations_as_kubectl_prints_taints(load, text, tolerations):
    assert list(load(f"run: train.py\ntolerations: {text}\n").tolerations) == tolerations


@pytest.mark.parametrize(
    ("text", "volume"),
    [
        ("mnist:/data", Volume(claim="mnist", path="/data")),
        ("mnist:/data:ro", Volume(claim="mnist", path="/data", read_only=True)),
        ("/mnt/disk:/data", Volume(host_path="/mnt/disk", path="/data")),
        ("{empty_dir: true, path: /a/}", Volume(empty_dir=True, path="/a")),
        ("{empty_dir: 10Gi, path: /a//b}", Volume(empty_dir="10Gi", path="/a/b")),
        ("{nfs: 'files:/export', path: /a}", Volume(nfs="files:/export", path="/a")),
    ],
)
def test_volumes(load, text, volume):
    assert load(f"run: train.py\nvolumes: {{v: {text}}}\n").volumes == {"v": volume}


def test_secrets_and_rights(load):
    job = load(
        "run: train.py\nsecrets: {A: s/k, B: s, C: {secret: s}, D: {secret: s, key: k}}\n"
        "env_from: [s, {config_map: c}]\npull_secrets: door\napi: true\n"
    )
    keys = {"A": "k", "B": "B", "C": "C", "D": "k"}
    assert job.secrets == {name: SecretKey(secret="s", key=key) for name, key in keys.items()}
    assert job.env_from == (EnvSource(secret="s"), EnvSource(config_map="c"))
    assert job.pull_secrets == ("door",)
    assert job.api == (Rule(resources=("pods",), verbs=("get", "list", "watch")),)
    assert load("run: train.py\napi: false\n").api == ()


@pytest.mark.parametrize(
    ("text", "asked"),
    [("true", True), ("false", False), ("healer", "healer"), ("", False)],
)
def test_who_heals_is_the_runs_own_or_named(load, text, asked):
    assert load(f"run: train.py\nself_heal: {text}\n").self_heal == asked
    assert load("run: train.py\n", options={"self_heal": True}).self_heal is True


def test_a_machine_for_each_node_says_how_many_there_are(load):
    role = worker(load, "place: [{rack: 1}, {rack: b}]")
    assert role.nodes.maximum == role.nodes.minimum == 2
    assert role.place == ({"rack": "1"}, {"rack": "b"})
    assert worker(load, "nodes: '1:2'\nplace: [{rack: 1}, {rack: b}]").nodes.minimum == 1


@pytest.mark.parametrize(("user", "who"), [(0, (0, 0)), (1234, (1234, 1234)), ("12:34", (12, 34))])
def test_users_are_numbers(load, user, who):
    assert ids(worker(load, f"user: {user}").user) == who
    assert worker(load, "user: image").user == "image"


def test_what_the_job_says_stays_the_jobs_and_a_role_adds_its_own(load):
    job = load(
        "run: train.py\nnode_selector: {a: 1}\nvolumes: {v: c:/v}\npod: {x: {y: null}}\n"
        "roles: {worker: {node_selector: {b: 2}}, ps: {shm: 1Gi, pod: {z: 1}}}\n"
    )
    assert job.node_selector == {"a": "1"}
    assert job.roles["worker"].node_selector == {"b": "2"}
    assert job.roles["worker"].volumes == {}
    assert (job.pod, job.roles["ps"].pod) == ({"x": {"y": None}}, {"z": 1})


# -- mistakes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpus: amd.com/gpu=many", 'gpus: must be a number of GPUs, 0 to 1024; got "many"'),
        ("gpus: a b=1", 'a resource\'s name is such as "nvidia.com/gpu"'),
        ("resources: {cpu: 2}", "resources.cpu: a resource's name is such as"),
        ("resources: {a.b/x: 500m}", "resources.a.b/x: must be a whole number; got 500m"),
        ("{gpus: 1, resources: {nvidia.com/gpu: 2}}", "is what `gpus` asks for already"),
        ("{shm: 3Gi, memory: 2Gi}", "shm: must be at most memory, 2Gi"),
        ("shm: 5 Gigs", 'shm: is not a quantity; write 5Gi; got "5 Gigs"'),
        ("user: root", 'user: must be a user\'s number, such as 1000 or "1000:100", or "image"'),
        ("user: -1", "user: must be a user's number"),
        ("{nodes: 3, place: [{a: b}]}", "place: must have the labels of a machine for each of 3"),
        ("place: [{a b: c}]", "place[0].a b: a label's key is such as"),
        ("place: {a: b}", "place: must be a list; got a mapping"),
        ("node_selector: {a: b c}", "node_selector.a: must be at most 63 letters"),
        ("node_selector: {a..b/c: d}", "a label's key is such as"),
        ("nodeSelector: {a: b}", 'nodeSelector: unknown key; did you mean "node_selector"?'),
        ("tolerations: [{kye: a}]", 'unknown key; did you mean "key"?'),
        ("tolerations: [{value: a}]", "must have a key, or the operator Exists"),
        ("tolerations: ['a=b:Never']", 'tolerations[0]: must be "NoSchedule"'),
        ("tolerations: [{operator: Exists, key: a, value: b}]", "must not have a value beside"),
        ("tolerations: [{key: a, tolerationSeconds: 5}]", "which only NoExecute knows"),
        (
            "tolerations: [{key: a, effect: NoExecute, tolerationSeconds: 99999999999999999999}]",
            "tolerations[0].tolerationSeconds: must be a number of seconds, 0 to 9,223,372,036,",
        ),
        ("volumes: {v: {path: /v}}", "volumes.v: must say one of claim, host_path, nfs, empty_dir"),
        ("volumes: {v: {path: /v, claim: a, nfs: 'a:/b'}}", "volumes.v: must say one of"),
        ("volumes: {v: {claim: a}}", "volumes.v: `path` is missing"),
        ("volumes: {v: mnist}", "volumes.v: `path` is missing"),
        ("volumes: {v: 'c:data'}", "volumes.v: must be an absolute path"),
        ("volumes: {v: 'c:/a/../b'}", "volumes.v: must be an absolute path"),
        ("volumes: {v: 'c:/'}", "must lie beside /rankzero"),
        ("volumes: {v: 'c:/rankzero/run'}", "must lie beside /rankzero"),
        ("volumes: {v: 'c:/dev/shm'}", "/dev/shm is there, and `shm` is its size"),
        ("volumes: {v: 'My Claim:/v'}", "must be an object's name"),
        ("volumes: {V: 'c:/v'}", "a volume's name is lower-case letters"),
        ("volumes: {rankzero-v: 'c:/v'}", "does not begin with rankzero-"),
        ("volumes: {a: 'c:/v', b: 'd:/v/'}", "a and b are both mounted at /v"),
        ("volumes: {a: {claim: c, path: /v, readonly: true}}", 'did you mean "read_only"?'),
        ("volumes: {a: {claim: c, path: /v, sub_path: ../x}}", "must be a path inside the volume"),
        ("volumes: {a: {nfs: files, path: /v}}", "must be a server and its folder"),
        (
            "volumes: {a: {empty_dir: false, path: /v}}",
            "must be true, or the most that it may hold",
        ),
        ("volumes: [a]", "volumes: must be a mapping; got a list"),
        ("log_volume: My Claim", "log_volume: must be an object's name"),
        (
            "{log_volume: v, volumes: {v: {empty_dir: true, path: /v}}}",
            "log_volume: must be a claim or an NFS folder, which stay; v is neither",
        ),
        (
            "{output_volume: v, volumes: {v: '/mnt:/v'}}",
            "output_volume: must be a claim or an NFS folder, which stay; v is neither",
        ),
        (
            "{output_volume: v, volumes: {v: 'c:/v:ro'}}",
            "output_volume: must be a volume that can be written; v is read_only",
        ),
        (
            "{log_volume: v, roles: {w: {volumes: {v: 'c:/v'}}}}",
            "log_volume: v is a volume of w alone; declare it for the job",
        ),
        ("logs_volume: v", 'did you mean "log_volume"?'),
        ("secrets: {A: My Secret/k}", "must be an object's name"),
        ("secrets: {A: 's/a b'}", "must be a key of the secret"),
        ("secrets: {A B: s/k}", "a variable's name is letters, digits and underscores"),
        ("secrets: {RANKZERO_X: s/k}", "does not begin with RANKZERO_"),
        ("secrets: {A: {sceret: s, key: k}}", 'unknown key; did you mean "secret"?'),
        ("{env: {A: 1}, secrets: {A: s/k}}", "A is both in `env` and in `secrets`"),
        ("env_from: [{secret: a, config_map: b}]", "must say one of secret and config_map"),
        ("pull_secrets: [A]", "pull_secrets[0]: must be an object's name"),
        ("queue: A Queue", "queue: must be a queue's name"),
        ("priority_class: 'high!'", "priority_class: must be an object's name"),
        ("api: pods", 'api: must be a list; got "pods"'),
        ("api: [{resources: [pods]}]", "api[0]: `verbs` is missing"),
        ("api: [{resources: [], verbs: [get]}]", "api[0].resources: "),
        ("api: [{resource: [pods], verbs: [get]}]", "api[0]"),
        ("{api: true, service_account: a}", "service_account: stands beside `api`"),
        ("self_heal: Some One", "self_heal: must be true, false, or the name of a ServiceAccount"),
        ("self_heal: 1", "self_heal: must be true, false, or the name of a ServiceAccount"),
        ("{api: true, self_heal: a}", "self_heal: is not the account that the pods have"),
        ("{service_account: b, self_heal: a}", "the account that the pods have, b; say `true`"),
        ("ttl: 5000d", "ttl: must be at most 3650d; got"),
        ("keep_outputs: soon", "keep_outputs: must be a time"),
        ("isolate: yes", 'isolate: must be true or false; got "yes"'),
        ("pod: 5", "pod: must be a mapping; got 5"),
        ("pod: {spec: {hostNetwork: true}}", "`pod` is a pod's spec itself: write what stands"),
        ("pod: {metadata: {labels: {a: b}}}", "labels and annotations are keys of a role"),
        ("pod: {restartPolicy: Always}", "`restartPolicy` makes the pod a node of its run"),
        ("pod: {hostname: a}", "`hostname` makes the pod a node of its run"),
        ("pod: {containers: [{image: a}]}", "containers[0]: must have `name`"),
        ("pod: {containers: [{name: rank, command: [a]}]}", "must leave the container `rank`"),
        ("pod: {containers: [{name: rank, $patch: delete}]}", "must leave the container `rank`"),
        ("pod: {containers: [{$patch: replace}]}", "must leave the container `rank`"),
        ("pod: {containers: }", "must leave the container `rank`"),
        ("pod: {containers: [{name: rank, env: }]}", "must leave the container `rank`"),
        ("pod: {containers: [{name: rank, env: [{$patch: replace}]}]}", "must leave the container"),
        ("pod: {$patch: delete}", "makes the pod a node of its run"),
        ("pod: {a: .inf}", "pod: a: must be a finite number"),
    ],
)
def test_each_mistake_says_where_and_what(faults, text, message):
    several = text.startswith("{")
    found = faults(f"{{run: train.py, {text[1:-1]}}}" if several else f"run: train.py\n{text}\n")
    assert any(message in fault for fault in found), found
    assert all(fault.startswith("job.yaml:") for fault in found)


@pytest.mark.parametrize("source", ["'c:/v'", "{nfs: 'files:/x', path: /v}"])
def test_what_is_kept_may_lie_on_a_declared_volume_or_a_claim(load, source):
    job = load(f"run: train.py\nlog_volume: v\noutput_volume: other\nvolumes: {{v: {source}}}\n")
    assert (job.log_volume, job.output_volume) == ("v", "other")


def test_a_roles_mistake_is_placed_in_its_line(faults):
    text = "run: train.py\nvolumes: {a: 'c:/v'}\nroles:\n  w:\n    volumes:\n      b: 'd:/v'\n"
    assert faults(text) == ["job.yaml:6: roles.w.volumes.b: a and b are both mounted at /v"]


def test_nodes_of_a_placed_role_have_names_of_their_own(faults, load):
    roles = "roles: {a: {place: [{x: 1}, {x: 2}]}, a-1: {}, a-2: {}, a-01: {}}\n"
    assert faults(f"run: train.py\n{roles}") == [
        "job.yaml:2: roles.a-1: a-1 is also what node 1 of a is called; rename it"
    ]
    load("run: train.py\nroles: {a: {nodes: 2}, a-1: {}}\n")


def test_where_a_volume_may_not_be_is_where_the_run_is():
    own = (layout.AGENT, layout.TOKEN, layout.CODE, layout.OWN)
    assert all(path.startswith(f"{OWN_FOLDER}/") for path in own)


# -- options


def test_options_add_to_what_the_file_says(load):
    job = load(
        "run: train.py\nnode_selector: {a: 1, b: 1}\ntolerations: [a]\nvolumes: {v: c:/v}\n"
        "secrets: {A: s/a}\nenv_from: s\npull_secrets: [door]\n",
        options={
            "node_selector": {"b": "2"},
            "tolerations": ("b:NoSchedule",),
            "volumes": ("c:/w:ro", "c:/x", "/mnt/c:/y"),
            "secrets": {"B": "s/b"},
            "env_from": ("t",),
            "pull_secrets": ("gate",),
            "shm": ("1Gi",),
            "user": ("image",),
            "queue": "q",
            "api": True,
            "keep_outputs": "1h",
        },
    )
    assert job.node_selector == {"a": "1", "b": "2"}
    assert [one.key for one in job.tolerations] == ["a", "b"]
    assert {name: one.path for name, one in job.volumes.items()} == {
        "v": "/v",
        "c": "/w",
        "c-2": "/x",
        "mnt-c": "/y",
    }
    assert list(job.secrets) == ["A", "B"]
    assert [one.secret for one in job.env_from] == ["s", "t"]
    assert job.pull_secrets == ("door", "gate")
    role = job.roles["worker"]
    assert (role.shm, role.user, job.queue, job.keep_outputs) == ("1Gi", "image", "q", 3600.0)
    assert job.api


def test_python_says_it_as_a_file_does(folder):
    job = spec.from_target(
        "train.py",
        options={
            "volumes": {"v": {"claim": "c", "path": "/v"}},
            "tolerations": [{"key": "a", "operator": "Exists"}],
            "pod": {"hostNetwork": True},
        },
        dashes=False,
    )
    assert job.volumes == {"v": Volume(claim="c", path="/v")}
    assert job.tolerations == (Toleration(key="a", operator="Exists"),)
    assert job.pod == {"hostNetwork": True}


def test_gpus_of_one_of_several_roles_by_their_name(load):
    two = "run: train.py\nroles: {ps: {}, worker: {}}\n"
    for value in ("worker=amd.com/gpu=2", ["worker=amd.com/gpu=2"]):
        role = load(two, options={"gpus": value}).roles["worker"]
        assert (role.gpus, role.gpu_resource) == (2, "amd.com/gpu")
    assert load("run: train.py\n", options={"gpus": "amd.com/gpu=2"}).roles["worker"].gpus == 2


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"tolerations": ("a=b:c",)}, "--toleration: must be"),
        ({"volumes": ("mnist",)}, "--volume: `path` is missing"),
        ({"secrets": {"A": "S/k"}}, "--secret: must be an object's name"),
        ({"node_selector": {"a": "b c"}}, "--node-selector: must be at most 63"),
        ({"pull_secrets": ("A",)}, "--pull-secret: must be an object's name"),
        ({"env_from": ("A",)}, "--env-from: must be an object's name"),
        ({"user": ("me",)}, "--user: must be a user's number"),
        ({"ttl": "soon"}, "--ttl: must be a time"),
    ],
)
def test_a_wrong_option_is_named_as_it_is_typed(load, options, fault):
    with pytest.raises(spec.SpecError) as caught:
        load("run: train.py\n", options=options)
    assert any(str(problem).startswith(fault) for problem in caught.value.problems)
