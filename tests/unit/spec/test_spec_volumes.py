"""Volumes that are made where they are not there: how they are written, and what is wrong."""

from __future__ import annotations

import pytest

from rankzero.spec.pods import Volume
from rankzero.spec.problems import SpecError
from rankzero.spec.sources import source

MADE = {"claim": "data", "size": "5Gi", "path": "/data"}


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("{size: 5Gi, path: /data}", {}),
        ("{size: 5Gi, path: /data, access: many}", {"access": "ReadWriteMany"}),
        ("{size: 5Gi, path: /data, access: RWO, keep: false}", {"access": "once", "keep": False}),
        ("{size: 5Gi, path: /data, class: fast}", {"class": "fast"}),
        ("{claim: team, size: 5Gi, path: /data}", {"claim": "team"}),
        (
            '"data:/data:ro,size=5Gi,access=pod,keep=false"',
            {"read_only": True, "access": "ReadWriteOncePod", "keep": False},
        ),
    ],
)
def test_a_volume_with_a_size_is_made(load, text, more):
    job = load(f"run: train.py\nvolumes:\n  data: {text}\n")
    assert job.volumes == {"data": Volume.model_validate({**MADE, **more})}
    assert job.volumes["data"].made


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{size: 5 Gigs, path: /d}", 'size: is not a quantity; write 5Gi; got "5 Gigs"'),
        ("{size: 5Gi, access: all, path: /d}", "access: must be once, many or pod"),
        ("{claim: a, access: many, path: /d}", "has access without a size, with which alone"),
        ("{nfs: 'a:/b', size: 5Gi, path: /d}", "has size, which only a claim knows"),
        ("{size: 5Gi, storageClassName: a, path: /d}", 'unknown key; did you mean "class"?'),
        ("{size: 5Gi, path: /d, keep: nein}", "keep: must be true or false"),
    ],
)
def test_what_is_wrong_has_its_place_and_a_remedy(faults, text, fault):
    (said,) = faults(f"run: train.py\nvolumes:\n  data: {text}\n")
    assert said.startswith("job.yaml:3: volumes.data")
    assert fault in said


def test_a_claim_is_made_in_one_way_and_what_is_kept_on_it_stays(faults):
    text = """
run: train.py
volumes:
  a: {claim: c, size: 1Gi, path: /a}
  own: {size: 1Gi, path: /own, keep: false}
output_volume: own
roles:
  worker:
    volumes: {b: {claim: c, size: 2Gi, path: /b}}
"""
    first, second = faults(text)
    assert "output_volume: must be a volume that stays; own has keep: false" in first
    assert "roles.worker.volumes.b: c would be made in another way by a" in second


def test_options_name_themselves_in_what_is_wrong():
    with pytest.raises(SpecError, match=r"--size: is not a quantity; write 1Gi"):
        source("data", {"size": "1 Gig", "access": None, "class": None})
    with pytest.raises(SpecError, match="NAME: must be an object's name"):
        source("Data", {"size": "1Gi"})
    assert source("data", {"size": "1Gi", "access": "rwx"}).access == "ReadWriteMany"
