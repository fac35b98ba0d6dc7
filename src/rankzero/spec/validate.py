"""The model's verdict on a tree, in the product's words and with the user's places."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rankzero.spec import pods
from rankzero.spec.friendly import ROLE_KEYS
from rankzero.spec.given import Given
from rankzero.spec.model import Job, Param, Role, Run, Torch
from rankzero.spec.problems import Problem, did_you_mean, near, shown
from rankzero.spec.strict import Strict

_TYPES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_unicode": "must be valid Unicode text",
}
#: What other tools call it.
_OTHER_WORDS = {
    "replicas": "nodes",
    "num_nodes": "nodes",
    "nnodes": "nodes",
    "nproc_per_node": "nproc",
    "processes": "nproc",
    "gpu": "gpus",
    "mem": "memory",
    "cpus": "cpu",
    "script": "run",
    "command": "run",
    "cmd": "run",
    "entrypoint": "run",
    "environment": "env",
    "retries": "max_restarts",
    "backend": "torch.backend",
    "timeout": "torch.timeout",
    "port": "torch.port",
    "working_dir": "workdir",
    "output": "outputs",
    "logs_volume": "log_volume",
    "outputs_volume": "output_volume",
    "nodeselector": "node_selector",
    "node_labels": "node_selector",
    "env_secrets": "secrets",
    "envfrom": "env_from",
    "imagepullsecrets": "pull_secrets",
    "image_pull_secrets": "pull_secrets",
    "priorityclassname": "priority_class",
    "serviceaccountname": "service_account",
    "heal": "self_heal",
    "shared_memory": "shm",
    "shm_size": "shm",
    "run_as_user": "user",
    "mounts": "volumes",
    "storage": "size",
    "access_mode": "access",
    "accessmodes": "access",
    "storageclass": "class",
    "storage_class": "class",
    "storageclassname": "class",
    "pod_spec": "pod",
    "ttlsecondsafterfinished": "ttl",
}


#: The model behind a key of a job or a role.
_PARTS: dict[str, type[Strict]] = {
    "run": Run,
    "torch": Torch,
    "params": Param,
    "volumes": pods.Volume,
    "secrets": pods.SecretKey,
    "env_from": pods.EnvSource,
    "tolerations": pods.Toleration,
    "api": pods.Rule,
}


def validated(tree: Given, problems: list[Problem]) -> Job | None:
    """The job in a tree that is in the model's form; None where it has problems."""
    try:
        return Job.model_validate(tree.plain())
    except ValidationError as error:
        for one in error.errors(include_url=False):
            problems.append(problem_of(tree, one, _unknown))
        return None


def problem_of(
    tree: Given, error: ErrorDetails, unknown: Callable[[list[str | int]], str]
) -> Problem:
    """What a model has against a tree. unknown: what is said of the key at a path that the model
    does not have."""
    path = [part for part in error["loc"] if part != "[key]"]
    given = tree.find(path)
    place = given.place
    kind = error["type"]
    if kind == "missing":
        return Problem(place, _missing(str(path[-1])))
    if kind == "extra_forbidden":
        return Problem(place, unknown(path))
    if kind == "literal_error":
        wanted = _expected(error).replace("'", '"')
        return Problem(place, f"must be {wanted}; got {shown(error['input'])}{_meant(error)}")
    if kind == "whole":
        return Problem(place, error["msg"])
    message = error["msg"] if kind == "kind" else _TYPES.get(kind, error["msg"])
    return Problem(place, f"{message}; got {_got(given, error['input'])}")


def _got(given: Given, value: object) -> str:
    """The value as it was written where that is known, else as the model saw it."""
    return shown(given.value if given.is_scalar else value)


def _missing(key: str) -> str:
    if key == "run":
        return "`run` is missing: say what to run, such as `run: train.py`"
    return f"`{key}` is missing"


def _expected(error: ErrorDetails) -> str:
    return str(error.get("ctx", {}).get("expected", ""))


def _meant(error: ErrorDetails) -> str:
    words = [part.strip("' ") for part in _expected(error).split(",")]
    words = [word.strip("' ") for part in words for word in part.split(" or ")]
    found = near(str(error["input"]), words)
    return f'; did you mean "{found}"?' if found else ""


def _unknown(path: list[str | int]) -> str:
    key = str(path[-1])
    known = list(_known(path[:-1]))
    other = _OTHER_WORDS.get(key.lower().replace("-", "_"))
    if other and (other in known or ("." in other and len(path) == 1)):
        return f'unknown key; did you mean "{other}"?'
    if len(path) == 3 and path[0] == "roles" and key in Job.model_fields:
        return "unknown key for a role; it belongs at the top, to the job"
    return f"unknown key{did_you_mean(key, known)}"


def _known(path: list[str | int]) -> Iterable[str]:
    if not path:
        return [*Job.model_fields, *ROLE_KEYS]
    inner = path[2:] if path[0] == "roles" else path
    return _PARTS.get(str(inner[0]), Role).keys() if inner else Role.keys()
