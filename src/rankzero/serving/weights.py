"""A model's weights from a file that cannot run code, whoever wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rankzero.errors import BadRequest

_TORCH = (".pt", ".pth", ".bin")
_SAFE = ".safetensors"


def weights(path: Path | str | None) -> dict[str, Any]:
    """Tensors by name, on the processor: of a `.safetensors` file, or of one that `torch.save`
    wrote, read with `weights_only`. path: the file, or a folder that holds one such file.

    Errors: BadRequest, where there is no such file, or it holds more than weights.
    """
    file = _found(Path("." if path is None else path))
    if file.suffix == _SAFE:
        return _safe(file)
    import torch

    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # what is no pickle makes its reader raise anything
        first = str(error).strip().partition("\n")[0]
        hint = "Save the weights alone: torch.save(model.state_dict(), ...), or safetensors."
        raise BadRequest(f"{file} cannot be read as weights: {first}", hint) from None
    if not isinstance(found, dict):
        raise BadRequest(f"{file} holds {type(found).__name__}, not weights by name.")
    return found


def _found(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadRequest(f"there is no model at {path}.", "Name its file or folder: --model PATH")
    files = sorted(one for one in path.iterdir() if one.suffix in (_SAFE, *_TORCH))
    safe = [one for one in files if one.suffix == _SAFE]
    if len(safe or files) == 1:
        return (safe or files)[0]
    names = ", ".join(one.name for one in files) or "none"
    hint = "Name one of them: --model FILE" if files else None
    raise BadRequest(f"{path} must hold one file of weights; it holds {names}.", hint)


def _safe(file: Path) -> dict[str, Any]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise BadRequest(f"{file} needs safetensors.", "pip install safetensors") from None
    try:
        return dict(load_file(file))
    except SafetensorError as error:
        raise BadRequest(f"{file} is no safetensors file: {error}") from None
