"""The schema that editors use says what the reader accepts."""

import json

import jsonschema
import pytest
import yaml

from rankzero import spec
from rankzero.spec.friendly import ROLE_KEYS
from rankzero.spec.model import Job

SCHEMA = spec.json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "run: train.py --steps 10\n",
        "run: [python, train.py, 1]\nargs: [1, a]\nnodes: '1:4'\nnproc: gpu\n",
        "name: a\nrun: {script: train.py}\nroles:\n  ps: {nodes: 2, cpu: 500m}\n  worker:\n",
        "run: train.py ${lr}\nparams: {lr: 0.1, o: {type: str, default: a, choices: [a]}}\n",
        "run: train.py\nnodes: ${n}\nnproc: ${n}\ngpus: ${n}\nparams: {n: {default: 1, min: 1}}\n",
        "run: -m lab\nenv: {A: 1, B: true}\nlabels: {v: 1}\nmemory: 4Gi\nwait: 90s\ngrace: 5\n",
        "run: train.py\ntorch: {backend: gloo, port: 29500, timeout: 30m}\nlog_keep: 1Gi\n",
        "roles: {a: {run: train.py, args: x, image: i, pull: Never, ports: {http: 80}}}\n",
        "run: train.py\nmemory:\nresources: {nvidia.com/gpu: 2}\ncompletes: true\noutputs: out\n",
        "run: train.py\ngpus: amd.com/gpu=2\nshm: 2Gi\nuser: image\npriority_class: high\n",
        "run: train.py\nplace: [{rack: 1}, {rack: b}]\nnode_selector: {a: b, c: 1}\nuser: 5\n",
        "run: train.py\ntolerations: [a=b:NoSchedule, {key: c, value: true}]\nqueue: q\n",
        "run: train.py\ntolerations: a\nenv_from: s\npull_secrets: s\napi: true\n",
        "run: train.py\nvolumes: {a: c:/d:ro, b: {claim: c, path: /e}, f: {empty_dir: 1Gi, "
        "path: /g}}\nttl: 1h\nkeep_outputs: 0\n",
        "run: train.py\nsecrets: {A: s/k, B: {secret: s}}\nenv_from: [s, {config_map: c}]\n",
        "run: train.py\napi: [{resources: [pods], verbs: [get]}]\nisolate: true\n",
        "run: train.py\npod: {hostNetwork: true}\nroles: {a: {pod: {containers: []}}}\n",
    ],
)
def test_what_loads_is_valid(load, text):
    load(text)
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "run: train.py\nnprok: 2\n",
        "run: train.py\nnodes: 0\n",
        "run: train.py\nnproc: -1\n",
        "run: train.py\nnproc: tpu\n",
        "run: train.py\nframework: pytorch\n",
        "run: train.py\nroles: {w: {gpu: 1}}\n",
        "run: train.py\ntorch: {port: 70000}\n",
        "run: train.py\nroles: [a]\n",
        "run: train.py\nmax_restarts: -1\n",
        "run: {scrpt: a.py}\n",
        "run: train.py\nvolumes: {a: {claim: b, paht: /d}}\n",
        "run: train.py\ntolerations: [{effect: never}]\n",
        "run: train.py\napi: pods\n",
        "run: train.py\nuser: root\npod: x\n",
    ],
)
def test_what_is_wrong_is_marked(load, text):
    with pytest.raises(spec.SpecError):
        load(text)
    assert not VALIDATOR.is_valid(yaml.safe_load(text))


def test_it_is_a_schema_that_travels_as_json():
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(SCHEMA)))


def test_every_key_is_there_and_says_what_it_is():
    assert set(SCHEMA["properties"]) == {*Job.model_fields, *ROLE_KEYS}
    parts = ("Role", "Torch", "Volume", "SecretKey", "EnvSource", "Toleration", "Rule")
    for section in (SCHEMA, *(SCHEMA["$defs"][part] for part in parts)):
        for key, one in section["properties"].items():
            assert one.get("description"), key
