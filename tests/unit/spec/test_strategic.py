"""Laying fields over a pod's spec: Kubernetes' documented strategic merge semantics, row by row.

"Update API Objects in Place Using kubectl patch", and the notes on strategic merge patch in
Kubernetes' API conventions.
"""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.spec.strategic import POD, faults, merge

RANK = {"name": "rank", "image": "a:1", "env": [{"name": "A", "value": "1"}]}
SIDE = {"name": "side", "image": "b:1"}


@pytest.mark.parametrize(
    ("original", "patch", "merged"),
    [
        # Scalars are replaced, maps merged key by key, null takes a key away.
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({}, {"a": None}, {}),
        ({"m": {"x": 1, "y": 2}}, {"m": {"y": 3, "z": 4}}, {"m": {"x": 1, "y": 3, "z": 4}}),
        ({"m": {"x": 1, "y": 2}}, {"m": {"y": None}}, {"m": {"x": 1}}),
        ({}, {"m": {"x": 1, "y": None}}, {"m": {"x": 1}}),
        ({"m": 1}, {"m": {"x": 1}}, {"m": {"x": 1}}),
        # Directives of maps.
        ({"m": {"x": 1, "y": 2}}, {"m": {"$patch": "replace", "z": 3}}, {"m": {"z": 3}}),
        ({"m": {"x": 1}}, {"m": {"$patch": "delete"}}, {"m": {}}),
        ({"m": {"x": 1, "y": 2, "z": 3}}, {"m": {"$retainKeys": ["y"], "y": 4}}, {"m": {"y": 4}}),
        # Lists without a merge key are atomic.
        ({"xs": [1, 2]}, {"xs": [3]}, {"xs": [3]}),
        ({"xs": [1, 2]}, {"xs": None}, {}),
        (
            {"securityContext": {"capabilities": {"drop": ["ALL"]}}},
            {"securityContext": {"capabilities": {"drop": ["KILL"]}}},
            {"securityContext": {"capabilities": {"drop": ["KILL"]}}},
        ),
        # Containers are told apart by their names.
        ({"containers": [RANK]}, {"containers": [SIDE]}, {"containers": [RANK, SIDE]}),
        (
            {"containers": [RANK, SIDE]},
            {"containers": [{"name": "rank", "image": "a:2"}]},
            {"containers": [{**RANK, "image": "a:2"}, SIDE]},
        ),
        (
            {"containers": [RANK]},
            {"containers": [{"name": "rank", "image": None}]},
            {"containers": [{"name": "rank", "env": RANK["env"]}]},
        ),
        (
            {"containers": [RANK, SIDE]},
            {"containers": [{"name": "side", "$patch": "delete"}]},
            {"containers": [RANK]},
        ),
        (
            {"containers": [RANK]},
            {"containers": [{"name": "none", "$patch": "delete"}]},
            {"containers": [RANK]},
        ),
        (
            {"containers": [RANK, SIDE]},
            {"containers": [{"name": "new", "image": "c"}, {"$patch": "replace"}]},
            {"containers": [{"name": "new", "image": "c"}]},
        ),
        (
            {"initContainers": [{"name": "wait", "image": "a"}]},
            {"initContainers": [{"name": "wait", "image": "b"}]},
            {"initContainers": [{"name": "wait", "image": "b"}]},
        ),
        # Inside them: variables by name, mounts by path, ports by number; commands are atomic.
        (
            {"containers": [RANK]},
            {"containers": [{"name": "rank", "env": [{"name": "B", "value": "2"}]}]},
            {"containers": [{**RANK, "env": [*RANK["env"], {"name": "B", "value": "2"}]}]},
        ),
        (
            {"containers": [RANK]},
            {"containers": [{"name": "rank", "env": [{"name": "A", "value": "9"}]}]},
            {"containers": [{**RANK, "env": [{"name": "A", "value": "9"}]}]},
        ),
        (
            {"containers": [{"name": "r", "volumeMounts": [{"mountPath": "/a", "name": "x"}]}]},
            {
                "containers": [
                    {"name": "r", "volumeMounts": [{"mountPath": "/a", "readOnly": True}]}
                ]
            },
            {
                "containers": [
                    {
                        "name": "r",
                        "volumeMounts": [{"mountPath": "/a", "name": "x", "readOnly": True}],
                    }
                ]
            },
        ),
        (
            {"containers": [{"name": "r", "ports": [{"containerPort": 1, "name": "a"}]}]},
            {"containers": [{"name": "r", "ports": [{"containerPort": 1, "hostPort": 2}]}]},
            {
                "containers": [
                    {"name": "r", "ports": [{"containerPort": 1, "name": "a", "hostPort": 2}]}
                ]
            },
        ),
        (
            {"containers": [{"name": "r", "args": ["a", "b"]}]},
            {"containers": [{"name": "r", "args": ["c"]}]},
            {"containers": [{"name": "r", "args": ["c"]}]},
        ),
        (
            {"containers": [{"name": "r", "envFrom": [{"secretRef": {"name": "a"}}]}]},
            {"containers": [{"name": "r", "envFrom": []}]},
            {"containers": [{"name": "r", "envFrom": []}]},
        ),
        # Volumes keep what the patch says, as `kubectl apply` has it: one source.
        (
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]},
            {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]},
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]},
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]},
            {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]},
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v"}, {"name": "w", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}]},
        ),
        # Other lists of a pod, by their keys.
        (
            {"imagePullSecrets": [{"name": "a"}]},
            {"imagePullSecrets": [{"name": "b"}, {"name": "a"}]},
            {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]},
        ),
        (
            {"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["a"]}]},
            {"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["b"]}]},
            {"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["b"]}]},
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "host", "maxSkew": 1}]},
            {"topologySpreadConstraints": [{"topologyKey": "host", "maxSkew": 2}]},
            {"topologySpreadConstraints": [{"topologyKey": "host", "maxSkew": 2}]},
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": "host", "maxSkew": 1}]},
            {"topologySpreadConstraints": [{"topologyKey": "host", "$patch": "delete"}]},
            {"topologySpreadConstraints": []},
        ),
        # Tolerations are added here, which is kinder than Kubernetes' atomic list.
        (
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}]},
            {"tolerations": [{"key": "a"}, {"key": "b"}]},
        ),
        (
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"$patch": "replace"}, {"key": "b"}]},
            {"tolerations": [{"key": "b"}]},
        ),
        # The same keys elsewhere are nothing special.
        (
            {"affinity": {"volumes": [{"name": "a"}]}},
            {"affinity": {"volumes": [{"name": "b"}]}},
            {"affinity": {"volumes": [{"name": "b"}]}},
        ),
    ],
)
def test_what_becomes_of_a_patch(original, patch, merged):
    before = copy.deepcopy((original, patch))
    assert list(faults(patch)) == []
    assert merge(original, patch) == merged
    assert (original, patch) == before


@pytest.mark.parametrize(
    ("patch", "path", "message"),
    [
        ({"containers": {"name": "a"}}, "containers", "must be a list"),
        ({"containers": ["a"]}, "containers[0]", "must be a mapping"),
        ({"containers": [{"image": "a"}]}, "containers[0]", "must have `name`, by which"),
        ({"containers": [{"name": "a", "env": [{}]}]}, "containers[0].env[0]", "must have `name`"),
        ({"volumes": [{"name": "a"}, {}]}, "volumes[1]", "must have `name`"),
        ({"volumes": [{"name": None, "hostPath": "/d"}]}, "volumes[0]", "must have `name`"),
        ({"a": {"$patch": "merge"}}, "a.$patch", "must be replace or delete"),
        ({"a": {"$setElementOrder/b": []}}, "a.$setElementOrder/b", "unknown directive"),
        ({"a": {"$retainKeys": "b"}}, "a.$retainKeys", "must be a list of keys"),
        ({"tolerations": [1]}, "tolerations[0]", "must be a mapping"),
    ],
)
def test_what_is_no_patch_is_told_with_its_place(patch, path, message):
    ((where, what),) = faults(patch)
    assert where == path
    assert message in what


VALUES = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=6,
)
NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"v": VALUES}),
    max_size=3,
    unique_by=lambda one: one["name"],
)
SPECS = st.fixed_dictionaries(
    {}, optional={"containers": NAMED, "imagePullSecrets": NAMED, "other": VALUES}
)


@given(SPECS)
def test_nothing_laid_over_changes_nothing(spec):
    assert merge(spec, {}) == spec


@given(SPECS, SPECS)
def test_to_lay_the_same_over_twice_is_to_do_it_once(spec, patch):
    once = merge(spec, patch)
    assert merge(once, patch) == once


@given(SPECS, SPECS)
def test_nobody_is_lost_and_nobody_is_there_twice(spec, patch):
    merged = merge(spec, patch)
    for key in ("containers", "imagePullSecrets"):
        found = [one["name"] for one in merged.get(key, [])]
        wanted = [one["name"] for part in (spec, patch) for one in part.get(key, [])]
        assert found == list(dict.fromkeys(wanted))
    assert POD["containers"].key == "name"
