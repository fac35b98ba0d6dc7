"""What predictors take and give: decoded, encoded, and refused in words."""

from __future__ import annotations

import io
import json
import wave
from typing import Any

import pytest

from rankzero.serving import (
    Array,
    Audio,
    BadInput,
    BadOutput,
    Gallery,
    Image,
    Json,
    Labels,
    Picture,
    Plot,
    Sound,
    Table,
    Text,
)
from rankzero.serving.types.base import Kind
from support.pictures import bomb, picture

np = pytest.importorskip("numpy")
PIL = pytest.importorskip("PIL.Image")


def decode(kind: Kind, body: bytes, media: str = "") -> Any:
    return kind.decode(io.BytesIO(body), media)


def refused(kind: Kind, body: bytes, media: str = "") -> BadInput:
    with pytest.raises(BadInput) as told:
        decode(kind, body, media)
    return told.value


@pytest.mark.parametrize(
    ("body", "media", "status", "says"),
    [
        (b"", "image/png", 400, "The file is empty."),
        (bomb(10_000, 10_000), "image/png", 413, "10000 x 10000 pixels"),
        (picture("GIF"), "image/jpeg", 415, "sent as image/jpeg and is gif"),
        (picture("BMP"), "", 415, "image/bmp is not taken"),
        (b"%PDF-1.7 ...", "", 415, "but a PDF"),
        (b"<html></html>", "image/png", 415, "HTML"),
        (picture("PNG"), "text/html", 415, "text/html is not taken"),
        (picture("PNG", (900, 900))[:-40], "image/png", 400, "broken"),
        (bomb(100, 100), "image/png", 400, "broken"),
        (picture("JPEG")[:40], "image/jpeg", 400, "no size"),
        (b"\x89PNG\r\n\x1a\n", "image/png", 400, "no size"),
        (b'"not base64!"', "application/json", 400, "not base64"),
        (b"[1]", "application/json", 422, "base64"),
    ],
)
def test_a_hostile_picture_is_refused_before_it_is_decoded(
    body: bytes, media: str, status: int, says: str
) -> None:
    told = refused(Image(), body, media)
    assert (told.status, says in str(told)) == (status, True), told


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    image = Image(formats=("png", "jpeg", "webp", "gif", "bmp"), mode="L")
    found = decode(image, picture(kind, (30, 20)), "application/octet-stream")
    assert (found.size, found.mode) == ((30, 20), "L")
    assert image.encode(found)["width"] == 30


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    exif = PIL.Exif()
    exif[0x0112] = 6
    assert decode(Image(), picture("JPEG", (30, 20), exif=exif)).size == (20, 30)


def test_a_picture_s_bytes_alone_need_no_library() -> None:
    plain = Image(mode=None)
    assert (plain.needs, decode(plain, picture("PNG"))) == ((), picture("PNG"))


def test_a_picture_comes_back_from_arrays_and_bytes_and_not_from_other_things() -> None:
    for value in (np.zeros((2, 3), "uint8"), np.zeros((2, 3, 3), "uint8"), picture("JPEG")):
        encoded = Image().encode(value)
        assert (encoded["width"], encoded["height"]) == (3, 2)
        assert encoded["src"].startswith("data:image/")
    for wrong in ("a path", np.zeros((2, 3), "float32"), np.zeros((2, 3, 7), "uint8"), b"?"):
        with pytest.raises(BadOutput):
            Image().encode(wrong)


def test_an_array_has_its_shape_and_type() -> None:
    array = Array((2, None), "float32")
    for body, media in ((b"[[1, 2], [3, 4]]", "application/json"), (npy([[1, 2], [3, 4]]), NPY)):
        found = decode(array, body, media)
        assert (found.dtype, found.tolist()) == (np.float32, [[1, 2], [3, 4]])
    assert array.encode(np.ones((2, 3))) == [[1, 1, 1], [1, 1, 1]]


NPY = "application/x-npy"


def npy(value: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(value))
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "media", "says"),
    [
        (b"[[1, 2], [3]]", "", "not of one length"),
        (b"[1, 2]", "", "shape is (2)"),
        (b'[["a"]]', "", "holds str"),
        (b"[[NaN]]", "", "not JSON"),
        (b"[" * 100_000, "", "nested too deeply"),
        (b"", "", "empty"),
        (npy([[1]])[:-1], NPY, "no .npy file"),
        (npy([[1]]).replace(b"(1, 1)", b"(9, 9)"), NPY, "no .npy file"),
        (npy(np.array([[{}]], dtype=object)), NPY, "objects"),
        (b"nonsense", NPY, "no .npy file"),
        (b"[[1]]", "image/png", "not taken"),
    ],
)
def test_what_is_no_such_array_is_refused(body: bytes, media: str, says: str) -> None:
    assert says in str(refused(Array((1, 1)), body, media))


def test_whole_numbers_have_to_fit() -> None:
    assert "do not fit uint8" in str(refused(Array((1,), "uint8"), b"[300]"))
    assert decode(Array((1,), "uint8"), b"[255]").tolist() == [255]


def test_a_text_is_a_text() -> None:
    text = Text(max_length=3)
    assert decode(text, "äöü".encode(), "text/plain") == decode(
        text, b'"\\u00e4\\u00f6\\u00fc"', JSON
    )
    assert refused(text, b"four").status == 413
    assert refused(text, b"\xff").status == 400
    assert refused(text, b"1", JSON).status == 422
    with pytest.raises(BadOutput, match="returned int"):
        text.encode(1)


JSON = "application/json"


def sound(width: int = 2, channels: int = 1, frames: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(8000)
        out.writeframes(b"\x40" * width * channels * frames)
    return file.getvalue()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_sound_becomes_floats_of_whatever_width_it_has(width: int) -> None:
    found = decode(Audio(), sound(width, 2), "audio/x-wav")
    assert (found.rate, found.samples.shape, found.samples.dtype) == (8000, (8000, 2), np.float32)
    assert found.samples == pytest.approx(-0.5 if width == 1 else 0.5, abs=0.01)


def test_a_sound_has_a_length_and_a_form() -> None:
    short = Audio(max_seconds=0.5)
    assert refused(short, sound()).status == 413
    assert refused(short, b"").status == 400
    assert refused(short, b"hello").status == 415
    assert refused(short, sound()[:20]).status in (400, 415)
    back = short.encode(Sound(np.zeros(4000), 8000))
    assert (back["seconds"], back["rate"]) == (0.5, 8000)
    with pytest.raises(BadOutput, match="Sound"):
        short.encode([1, 2, 3])


def test_outputs_of_libraries_become_plain_json() -> None:
    value = {"a": np.float32(0.5), "b": np.arange(2), 3: (None, True, "x")}
    assert Json().encode(value) == {"a": 0.5, "b": [0, 1], "3": [None, True, "x"]}
    for wrong, says in (
        ({"a": [1, float("nan")]}, r"\.a\[1\] is nan"),
        ({"a": object()}, r"\.a is object"),
        ({(1, 2): 3}, "key that is tuple"),
    ):
        with pytest.raises(BadOutput, match=says):
            Json().encode(wrong)
    with pytest.raises(BadOutput, match="does not fit its schema"):
        Json({"type": "string"}).encode(1)


def test_labels_come_best_first() -> None:
    found = Labels(top=2).encode({"cat": np.float32(0.5), "dog": 0.25, "cow": 0.75})
    assert found == [{"label": "cow", "score": 0.75}, {"label": "cat", "score": 0.5}]
    for wrong in (["cat"], "cat", [("cat", "high")], [("cat", float("inf"))]):
        with pytest.raises(BadOutput):
            Labels().encode(wrong)


def test_a_table_has_one_value_a_column() -> None:
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert Table().encode(rows) == {"columns": ["a", "b"], "rows": [[1, "x"], [2, None]]}
    assert Table(["b", "a"]).encode(rows)["rows"] == [["x", 1], [None, 2]]
    for wrong in (["x"], [{"a": 1}, {"b": 1}], {"columns": ["a"], "rows": [[1, 2]]}, 7):
        with pytest.raises(BadOutput):
            Table().encode(wrong)
    with pytest.raises(BadOutput, match="were declared"):
        Table(["c"]).encode({"columns": ["a"], "rows": []})


def test_a_gallery_keeps_its_order() -> None:
    one = Picture(picture("PNG"), "Ada", distance=np.float32(0.25))
    found = Gallery().encode([one, {"image": picture("GIF"), "caption": "Bo", "score": 1}])
    assert [(p["caption"], p["score"], p["distance"]) for p in found] == [
        ("Ada", None, 0.25),
        ("Bo", 1.0, None),
    ]
    for wrong in ([7], "x", [Picture("no picture")], [{"picture": 1}], [Picture(b"x")]):
        with pytest.raises(BadOutput):
            Gallery().encode(wrong)


def test_a_plot_s_series_are_as_long_as_its_axis() -> None:
    found = Plot(x="epoch", style="bar").encode({"series": {"loss": [1, None, np.float64(0.5)]}})
    assert found["x"] == {"label": "epoch", "values": [0, 1, 2]}
    assert found["series"] == [{"name": "loss", "values": [1, None, 0.5]}]
    for wrong in (
        {},
        {"series": {}},
        {"x": [1], "series": {"a": [1, 2]}},
        {"series": {"a": ["b"]}},
    ):
        with pytest.raises(BadOutput):
            Plot().encode(wrong)


KINDS = [Json({"type": "object"}), Text(), Array((2, None)), Image(), Audio(), Labels(top=3)]
KINDS += [Table(["a"]), Gallery(), Plot()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_description_is_plain_data_and_its_schema_is_one(kind: Kind) -> None:
    import jsonschema

    found = kind.describe()
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {"kind", "title", "help", "schema", "media", "limits", "ui"}
    jsonschema.Draft202012Validator.check_schema(found["schema"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Json(), {"x": 1}),
        (Text(), "hällo"),
        (Array((2,)), [1, 2]),
        (Image(), picture("PNG")),
        (Image(), PIL.new("L", (2, 2))),
        (Audio(), Sound(np.zeros(100, "float32"), 8000)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_sample_is_a_body_that_is_taken(kind: Kind, value: Any) -> None:
    sampled = kind.sample(value)
    assert sampled.media in kind.media
    decode(kind, sampled.body, sampled.media)
