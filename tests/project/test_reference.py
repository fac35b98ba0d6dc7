"""The reference pages say neither less nor more than the code: both directions, for each page."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

import rankzero
from rankzero import contracts
from rankzero.agent import events, exits
from rankzero.backends.kubernetes.preflight import CHECKS
from rankzero.cli.show.programs import standing_json
from rankzero.contracts.topology import Node, Settings, Topology
from rankzero.why.standing import Place, Standing

from .blocks import ROOT

REFERENCE = ROOT / "docs" / "reference"


def tables(page: str, heading: str = "") -> dict[str, str]:
    """First cells (in backticks) and the rest of every table row of a page, or of one section."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", text, re.MULTILINE))


def topologies(framework: str) -> list[Topology]:
    """Memberships that between them make a contract set everything that it can set."""
    settings = Settings("digits-7f3a", framework, "gloo", None, 60.0, 1)
    one = Node("worker", 0, "127.0.0.1", 2, (1, 2, 3), {"name": 9}, ("0",), 4)
    undivided = one._replace(devices=None, nproc=1)
    return [Topology(settings, 1, 0, (node,)) for node in (one, undivided)]


def variables(framework: str) -> set[str]:
    return {
        name
        for topology in topologies(framework)
        for rank in topology.ranks()
        for part in (contracts.environment, contracts.defaults)
        for name in part(topology, rank)
    }


def test_every_variable_of_a_plain_rank_is_documented_and_no_other() -> None:
    assert set(tables("contracts.md", "Every rank")) == variables("plain") | {
        "RANKZERO_OUTPUTS",
        "RANKZERO_RANK_OUTPUTS",
        "RANKZERO_VOLUME_NAME",
        "RANKZERO_REPORT_FD",
        "TORCHELASTIC_ERROR_FILE",
    }


@pytest.mark.parametrize(
    ("framework", "heading", "others"),
    [
        ("torch", "PyTorch", set()),
        ("tensorflow", "TensorFlow", {"CUDA_VISIBLE_DEVICES"}),
        ("jax", "JAX", set()),
    ],
)
def test_every_variable_of_a_contract_is_documented_and_no_other(
    framework: str, heading: str, others: set[str]
) -> None:
    assert set(tables("contracts.md", heading)) == (
        variables(framework) - variables("plain") | others
    )


def test_defaults_are_called_so() -> None:
    rows = tables("contracts.md")
    for framework in ("plain", "torch", "tensorflow", "jax"):
        for topology in topologies(framework):
            rank = next(topology.ranks())
            for name in contracts.defaults(topology, rank):
                assert rows[name].startswith("*default*"), name
            for name in contracts.environment(topology, rank):
                assert not rows[name].startswith("*default*"), name


def constants(module: ModuleType, kind: type) -> dict[str, object]:
    return {n: v for n, v in vars(module).items() if n.isupper() and type(v) is kind}


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    words = constants(events, str)
    kinds = {word for name, word in words.items() if not name.endswith("_STATE")} - events.FINAL
    sections = ("A run's life", "Membership", "From inside the ranks")
    documented = [kind for section in sections for kind in tables("events.md", section)]
    assert sorted(documented) == sorted(kinds)


def test_every_exit_code_is_documented_and_no_other() -> None:
    text = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    documented = {
        name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    }
    assert documented == constants(exits, int)


def test_every_check_before_a_run_on_a_cluster_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "guides" / "rights-and-checks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*`) \| .* \|$", text, re.MULTILINE)
    assert re.findall(r"`([^`]+)`", " ".join(rows)) == [one.NAME for one in CHECKS]


def test_every_field_of_the_context_is_documented() -> None:
    text = (REFERENCE / "in-script.md").read_text(encoding="utf-8")
    for field in rankzero.Context._fields:
        assert f"`{field}`" in text, field


def test_every_public_name_exists_and_has_a_docstring() -> None:
    for name in rankzero.__all__:
        thing = getattr(rankzero, name)
        assert name == "__version__" or (thing.__doc__ or "").strip(), name


def test_what_a_run_waits_for_has_the_documented_keys() -> None:
    said = standing_json(Standing("r", 5.0, (Place("worker/0"),)))
    assert set(said) == set(tables("json.md", "A standing"))
    (node,) = said["nodes"]
    assert set(node) - {"node"} == set(tables("json.md", "A node's place"))
