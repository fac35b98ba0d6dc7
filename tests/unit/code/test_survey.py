"""What of a folder takes part, and that its hash tells every change of it."""

import os

import pytest

from rankzero.code import files, survey
from rankzero.code.files import MOST_BYTES


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "train.py").write_text("import lab.net\n")
    (tmp_path / "lab" / "net.py").write_text("x = 1\n")
    return tmp_path


def test_counts(folder):
    found = survey(folder, "train.py")
    assert (found.folder, found.files, found.size) == (str(folder), 2, 21)
    assert len(found.digest) == 64
    assert found.note is None


def test_the_hash_depends_on_names_and_contents_only(folder):
    before = survey(folder).digest
    os.utime(folder / "train.py", (1, 1))
    (folder / "empty").mkdir()
    assert survey(folder).digest == before
    (folder / "train.py").rename(folder / "fit.py")
    assert survey(folder).digest != before
    (folder / "fit.py").rename(folder / "train.py")
    assert survey(folder).digest == before
    (folder / "lab" / "net.py").write_text("x = 2\n")
    assert survey(folder).digest != before


def test_a_copy_elsewhere_has_the_same_hash(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "lab").mkdir()
    # Written in another order, so that a listing's order cannot matter.
    (other / "lab" / "net.py").write_text("x = 1\n")
    (other / "train.py").write_text("import lab.net\n")
    assert survey(other).digest == survey(folder).digest


def test_what_no_program_needs_is_left_out(folder):
    before = survey(folder)
    for name in (
        ".git/HEAD",
        "__pycache__/a.pyc",
        ".venv/bin/python",
        "lab/__pycache__/b.pyc",
        "x~",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    assert survey(folder) == before


def test_outputs_are_left_out_but_never_the_folder_itself(folder):
    before = survey(folder)
    (folder / "out").mkdir()
    (folder / "out" / "model").write_text("x")
    assert survey(folder, skip=[folder / "out"]) == before
    assert survey(folder, skip=[folder]).files == 3


def test_outputs_are_left_out_by_whichever_way_they_are_named(folder, tmp_path_factory):
    before = survey(folder)
    way = tmp_path_factory.mktemp("elsewhere") / "way"
    way.symlink_to(folder)
    (folder / "out").mkdir()
    (folder / "out" / "model").write_text("x")
    assert survey(folder, skip=[way / "out"]) == before
    assert survey(way, skip=[folder / "out"]).digest == before.digest
    assert survey(way, skip=[folder]).files == 3


def test_outputs_that_are_a_link_are_left_out_with_what_it_leads_to(folder):
    before = survey(folder)
    (folder / "runs" / "today").mkdir(parents=True)
    (folder / "runs" / "today" / "model").write_text("x")
    (folder / "out").symlink_to("runs/today")
    assert survey(folder, skip=[folder / "out"]) == before


def test_the_script_counts_also_where_it_is_ignored_or_elsewhere(folder, tmp_path_factory):
    (folder / ".gitignore").write_text("train.py\n")
    assert survey(folder).files == 2
    assert survey(folder, "train.py").files == 3
    outside = tmp_path_factory.mktemp("outside") / "fit.py"
    outside.write_text("1")
    first = survey(folder, str(outside))
    assert first.files == 3
    outside.write_text("2")
    assert survey(folder, str(outside)).digest != first.digest
    assert survey(folder, "gone.py").files == 2


def test_links_are_not_followed_out_of_the_folder(folder, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("1")
    (folder / "out").symlink_to(secret)
    (folder / "tree").symlink_to(secret.parent)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "gone").symlink_to("nowhere")
    (folder / "same").symlink_to("train.py")
    found = survey(folder)
    assert found.files == 7
    secret.write_text("2")
    assert survey(folder).digest == found.digest
    (folder / "out").unlink()
    (folder / "out").symlink_to("nowhere else")
    assert survey(folder).digest != found.digest


def test_what_is_no_file_is_passed_over(folder):
    before = survey(folder)
    os.mkfifo(folder / "pipe")
    assert survey(folder) == before


def test_names_of_any_kind(folder):
    (folder / "a b é").mkdir()
    with open(os.fsencode(folder) + b"/a b \xc3\xa9/\xff", "w") as file:
        file.write("x")
    assert survey(folder).files == 3


def test_a_missing_folder_is_an_empty_one(tmp_path):
    assert survey(tmp_path / "no").files == 0


def test_a_huge_file_counts_by_its_size(folder):
    with open(folder / "data.bin", "wb") as file:
        file.truncate(MOST_BYTES + 1)
    found = survey(folder)
    assert found.size == 21 + MOST_BYTES + 1
    assert found.note == "beyond 64 MiB of content, 1 file(s) count by size only"
    with open(folder / "data.bin", "wb") as file:
        file.truncate(MOST_BYTES + 2)
    assert survey(folder).digest != found.digest


def test_a_huge_folder_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_ENTRIES", 50)
    for number in range(60):
        (tmp_path / str(number)).touch()
    found = survey(tmp_path)
    assert found.files == 50
    assert found.note == "only the first 50 entries of the folder were looked at"
