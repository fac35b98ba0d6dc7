"""The user's folder on a node whose image brings it: copied to where the ranks may write.

Each layer of the image holds some of the files, in a folder whose name is a digest of them. So an
image that holds something else, such as that of another run, is told by what it lacks.
"""

import os
import shutil
from typing import Sequence

from rankzero.agent.unpack import Unpackable, is_there, settle


def gather(folder: str, layers: Sequence[str], digest: str, into: str) -> None:
    """Make the folder `into` of all that lies in `layers`, which are folders in `folder`.

    digest, into: as of `unpack`. Errors: Unpackable.
    """
    if is_there(into, digest):
        return
    sources = [os.path.join(folder, name) for name in layers]
    missing = [source for source in sources if not os.path.isdir(source)]
    if missing:
        raise Unpackable(
            "this pod's image does not hold the run's code: there is no folder %s; something has "
            "put another image in the place of the run's" % ", ".join(missing)
        )

    def fill(draft: str) -> None:
        for source in sources:
            _copy(source, draft)

    settle(into, digest, fill)


def _raised(error: OSError) -> None:
    """What cannot be read must not be missing in silence."""
    raise error


def _copy(source: str, draft: str) -> None:
    """Files with their executable bits, and links as they are; whoever runs here owns them."""
    for here, folders, files in os.walk(source, onerror=_raised):
        to = os.path.join(draft, os.path.relpath(here, source))
        os.makedirs(to, exist_ok=True)
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        for name in files + links:
            shutil.copy(os.path.join(here, name), os.path.join(to, name), follow_symlinks=False)
