"""What of a service is taken from the user's folder: the code of a predictor, and what its model
holds. So a version is what it was, whatever happens to the folder later."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from rankzero import code
from rankzero.agent.unpack import Unpackable, unpack
from rankzero.agent.worded import in_words
from rankzero.backends.home import no_code
from rankzero.backends.local.drafts import draft_of
from rankzero.code.model_files import identity, items
from rankzero.code.predictors import packed
from rankzero.errors import Refused
from rankzero.plan.kubernetes.services.sending import ON_VOLUME
from rankzero.plan.local import Facts
from rankzero.plan.local_service import model as lies_at
from rankzero.spec.services.model import Sent, Service

_SHORT = 16
#: A larger model stays where it is (bytes).
_KEPT = 64 << 20


class Taken(NamedTuple):
    """A request with what it stands for: the digests of its code and model. archive: a predictor's
    code, where it was taken anew."""

    service: Service
    archive: bytes | None = None


def located(service: Service, workdir: Path) -> Service:
    """With its model's path from the root on, wherever it is read. workdir: where it was said."""
    if service.model is None or service.model.startswith(ON_VOLUME):
        return service
    return service.model_copy(update={"model": str((workdir / service.model).absolute())})


def take(
    service: Service, workdir: Path, facts: Facts, *, anew: bool = True, model: bool = True
) -> Taken:
    """service: with its model located. anew, model: whether code and model are taken; what is not
    stays what it was. A command runs in the folder itself, of which a digest is taken. Errors:
    BadRequest, Refused."""
    place = None if service.model is None else lies_at(service, facts)
    update: dict[str, Sent | None] = {}
    archive: bytes | None = None
    skip = [*no_code(None), *_beside(place, workdir)]
    if anew and service.predictor is not None:
        shipped = packed(workdir, service.predictor, skip)
        archive = b"".join(shipped.parts)
        update["code"] = _sent(service.name, "code", shipped.digest)
    elif anew:
        digest = code.survey(workdir, *_files(service, workdir), skip=skip).digest
        update["code"] = _sent(service.name, "code", digest)
    if model:
        there = None if place is None else identity(Path(place))
        update["weights"] = None if there is None else _sent(service.name, "model", there)
    return Taken(service.model_copy(update=update), archive)


def lay(folder: Path, digest: str, archive: bytes) -> None:
    """Make the folder of the code with this digest, unless it is there. folder: of all of them.
    Errors: Refused."""
    parts = draft_of(folder / "parts")
    try:
        parts.mkdir(parents=True, mode=0o700)
        (parts / "0").write_bytes(archive)
        unpack(str(parts), digest, str(code_of(folder, digest)))
    except (OSError, Unpackable) as error:
        raise Refused(f"the code cannot be kept in {folder}: {in_words(error)}") from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def keep_model(folder: Path, model: Path, digest: str) -> None:
    """Copy a model that is not large, so that a version has what it was deployed with, whatever is
    written to that path later. folder: of all of them. What changes meanwhile is not kept. Errors:
    BadRequest, Refused."""
    to = model_of(folder, digest, model)
    if to.exists():
        return
    there = items(model)
    if sum(item.size for item in there) > _KEPT:
        return
    draft = draft_of(folder / "model")
    try:
        for item in there:
            place = draft / (item.name if model.is_file() else f"{model.name}/{item.name}")
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(item.path, place)
        if identity(draft / model.name) == digest:
            to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (draft / model.name).rename(to)
    except OSError as error:
        raise Refused(f"the model cannot be kept in {folder}: {in_words(error)}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def model_of(folder: Path, digest: str, model: Path) -> Path:
    """Where a copy of it is, if there is one."""
    return folder / digest[:_SHORT] / model.name


def code_of(folder: Path, digest: str) -> Path:
    return folder / digest[:_SHORT]


def prune(folder: Path, digests: set[str]) -> None:
    """Take away the code, or the models, that no version has any more."""
    kept = {code_of(folder, digest).name for digest in digests}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.removesuffix(".unpacked") not in kept:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _sent(name: str, what: str, digest: str) -> Sent:
    return Sent(name=f"{name}-{what}-{digest[:10]}", digest=digest, parts=1)


def _beside(model: str | None, workdir: Path) -> list[Path]:
    """A model in the folder is no code; one that is the folder, or holds it, hides nothing."""
    inside = model is not None and workdir.absolute() in Path(model).absolute().parents
    return [Path(model).absolute()] if model is not None and inside else []


def _files(service: Service, workdir: Path) -> list[str]:
    return [word for word in service.command if _is_file(workdir / word)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a word that can be no name
        return False
