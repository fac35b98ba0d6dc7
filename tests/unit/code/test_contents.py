"""A folder as names and bytes, for those who write it elsewhere."""

from __future__ import annotations

import pytest

from rankzero.code import choice
from rankzero.code.contents import contents
from rankzero.errors import Refused


def test_what_would_travel_is_read_links_as_what_they_lead_to(tmp_path):
    (tmp_path / "train.py").write_text("x")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "go.sh").write_text("y")
    (tmp_path / "net" / "go.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("train.py")
    (tmp_path / ".env").write_text("PASSWORD=1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("z")

    found = contents(tmp_path, "train.py", skip=[tmp_path / "out"], most=100, advice="less")

    assert found.files == {"link": b"x", "net/go.sh": b"y", "train.py": b"x"}
    assert found.programs == {"net/go.sh"}
    assert found.left_out == (".env",)


@pytest.mark.parametrize("size", [101, choice.MOST_BYTES + 1])
def test_more_than_there_is_room_for_is_refused_with_the_way_out(tmp_path, size):
    with (tmp_path / "data.bin").open("wb") as file:
        file.truncate(size)
    with pytest.raises(Refused, match=r"too large to travel.*data\.bin") as told:
        contents(tmp_path, most=100, advice="build an image")
    assert told.value.hint == "build an image"
