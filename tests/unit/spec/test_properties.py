"""For any job and any garbage: what is written is read again, and nothing but SpecError comes."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankzero import spec
from rankzero.spec import reading
from rankzero.spec.model import Job, NodeRange, Param, Role, Run, Torch
from rankzero.spec.pods import EnvSource, Rule, SecretKey, Toleration, Volume

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NAME = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
ENV = st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), TEXT, max_size=3)
LABELS = st.dictionaries(NAME, st.from_regex(r"([A-Za-z0-9]{1,9})?", fullmatch=True), max_size=2)
TEXTS = st.lists(TEXT, max_size=4).map(tuple)
RUN = st.one_of(
    st.just(Run(script="train.py")),
    st.just(Run(module="lab.fit")),
    st.lists(TEXT, max_size=3).map(lambda words: Run(command=("echo", *words))),
)
NODES = st.tuples(st.integers(1, 50), st.integers(0, 50)).map(
    lambda ends: NodeRange(minimum=ends[0], maximum=ends[0] + ends[1])
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PARAM = st.one_of(
    st.integers(-(2**53), 2**53).map(lambda v: Param(type="int", value=v, min=v)),
    FINITE.map(lambda v: Param(type="float", value=v, choices=(v,))),
    TEXT.map(lambda v: Param(type="str", value=v, choices=(v, "other"), help=v)),
    st.booleans().map(lambda v: Param(type="bool", value=v)),
)


def maybe(strategy):
    return st.none() | strategy


#: Texts that are none without their quotes, by YAML 1.1 or 1.2.
NUMERIC = st.sampled_from(
    ["1e5", "1e-5", "+1E3", "0o7", "0x1F", "012", ".5", "5.", "-.inf", ".NaN", "1_0", "1:30"]
) | st.sampled_from(["", "~", "null", "True", "yes", "off", "=", "2026-01-01"])
OVERLAY = st.sampled_from(
    [{}, {"hostNetwork": True}, {"containers": [{"name": "side", "env": None, "tty": False}]}]
) | st.builds(
    lambda name, value: {"containers": [{"name": "a", "env": [{"name": name, "value": value}]}]},
    NUMERIC,
    NUMERIC | TEXT,
)


@st.composite
def pods(draw):
    """What both a job and a role say of their pods."""
    sources = [{"claim": "a"}, {"empty_dir": True}, {"nfs": "a:/b", "sub_path": "c"}]
    taints = [(), (Toleration(operator="Exists"),), (Toleration(key="a", value=""),)]
    return {
        "node_selector": draw(LABELS),
        "tolerations": draw(st.sampled_from(taints)),
        "volumes": {
            name: Volume(
                path=f"/{name}", read_only=draw(st.booleans()), **draw(st.sampled_from(sources))
            )
            for name in draw(st.sets(NAME, max_size=2))
        },
        "secrets": {
            name: SecretKey(secret="s", key=name) for name in draw(st.sets(NAME, max_size=1))
        },
        "env_from": draw(st.sampled_from([(), (EnvSource(secret="s"), EnvSource(config_map="c"))])),
        "pod": draw(OVERLAY),
    }


@st.composite
def roles(draw):
    run = draw(maybe(RUN))
    return Role(
        nodes=draw(NODES),
        nproc=draw(st.sampled_from(["gpu", "cpu"]) | st.integers(1, 64)),
        cpu=draw(maybe(st.sampled_from([0.5, 1.0, 2.25]))),
        memory=draw(maybe(st.sampled_from(["4Gi", "2000000", "1.5G"]))),
        gpus=draw(maybe(st.integers(0, 8))),
        gpu_resource=draw(st.sampled_from(["nvidia.com/gpu", "amd.com/gpu"])),
        resources=draw(
            st.dictionaries(st.just("hugepages-2Mi"), st.sampled_from(["1", "2Gi"]), max_size=1)
        ),
        shm=draw(maybe(st.just("1Mi"))),
        run=run,
        # A role that runs something of its own has args of its own.
        args=draw(TEXTS if run else maybe(TEXTS)),
        env=draw(ENV),
        image=draw(maybe(st.sampled_from(["i:1", "a b", "${x}", "012"]))),
        pull=draw(maybe(st.sampled_from(["Always", "Never"]))),
        ports=draw(st.dictionaries(NAME, st.integers(1, 65535), max_size=1)),
        labels=draw(LABELS),
        annotations=draw(st.dictionaries(NAME, TEXT, max_size=1)),
        completes=draw(maybe(st.just(True))),
        user=draw(maybe(st.sampled_from([0, 1234, "12:34", "image"]))),
        priority_class=draw(maybe(NAME)),
        **draw(pods()),
    )


@st.composite
def jobs(draw, folder: str):
    return Job(
        name=draw(NAME),
        run=draw(RUN),
        args=draw(TEXTS),
        roles={"worker": draw(roles()), **draw(st.dictionaries(NAME, roles(), max_size=2))},
        framework=draw(st.sampled_from(["auto", "torch", "plain"])),
        params=draw(st.dictionaries(NAME, PARAM, max_size=2)),
        env=draw(ENV),
        labels=draw(LABELS),
        torch=Torch(
            backend=draw(maybe(st.just("gloo"))),
            port=draw(maybe(st.integers(1, 65535))),
            timeout=draw(maybe(st.floats(0.1, 1e6))),
        ),
        max_restarts=draw(st.integers(0, 99)),
        workdir=folder,
        outputs=draw(maybe(st.sampled_from([f"{folder}/out", f"{folder}/a b é"]))),
        python=draw(maybe(st.sampled_from(["python3", "/opt/python"]))),
        wait=draw(st.floats(0, 1e6)),
        grace=draw(st.floats(0, 1e6)),
        log_keep=draw(st.integers(0, 2**40)),
        spares=draw(st.booleans()),
        pull_secrets=draw(st.sampled_from([(), ("a", "b")])),
        queue=draw(maybe(NAME)),
        api=draw(st.sampled_from([(), (Rule(resources=("pods",), verbs=("get",)),)])),
        isolate=draw(st.booleans()),
        ttl=draw(st.floats(0, 1e6)),
        keep_outputs=draw(st.floats(0, 1e6)),
        **draw(pods()),
    )


QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(data=st.data())
def test_a_job_written_as_a_file_is_read_as_the_same_job(folder, data):
    job = data.draw(jobs(str(folder)))
    (folder / "job.yaml").write_text(spec.to_yaml(job), encoding="utf-8", newline="")
    assert spec.load("job.yaml") == job
    assert Job.model_validate(job.to_json()) == job


@QUICK
@given(text=NUMERIC | st.from_regex(r"[-+]?[0-9.][0-9eEox.+-]{0,5}", fullmatch=True))
def test_a_text_that_looks_like_a_number_is_written_as_a_text(folder, text):
    overlay = {"dnsPolicy": text, "affinity": {text: [text]}}
    job = Job(name="a", run=Run(module="m"), roles={"w": Role()}, workdir=str(folder), pod=overlay)
    (folder / "job.yaml").write_text(spec.to_yaml(job), encoding="utf-8", newline="")
    assert spec.load("job.yaml").pod == overlay


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([*Job.model_fields, *Role.model_fields])


@settings(QUICK, max_examples=60)
@given(
    mapping=st.dictionaries(KEYS, GARBAGE, max_size=6),
    inner=st.dictionaries(KEYS, GARBAGE, max_size=4),
    sets=st.lists(st.text(max_size=6), max_size=2),
)
def test_garbage_under_known_keys_is_a_spec_error(folder, mapping, inner, sets):
    overrides = spec.Overrides(sets=sets)
    for data in (mapping, {"run": "train.py", **mapping, "roles": {"worker": inner}}):
        try:
            job = spec.build(data, overrides=overrides)
        except spec.SpecError as error:
            assert error.problems
        else:
            assert Job.model_validate(job.to_json()) == job


@settings(QUICK, max_examples=60)
@given(text=st.text() | st.text("{}[]:,-&*!|>'\"%@`#\n\t abr1<$~", max_size=40))
def test_garbage_text_is_a_spec_error(folder, text):
    problems: list[spec.Problem] = []
    try:
        tree = reading.read_text(text, "job.yaml", problems)
    except spec.SpecError as error:
        assert all(problem.place.source == "job.yaml" for problem in error.problems)
    else:
        assert isinstance(tree.plain(), dict)


@settings(QUICK, max_examples=40)
@given(data=st.binary(max_size=60))
def test_garbage_bytes_are_a_spec_error(folder, data):
    with open("job.yaml", "wb") as file:
        file.write(data)
    with pytest.raises(spec.SpecError):
        spec.load("job.yaml")
    assert os.listdir(folder)
