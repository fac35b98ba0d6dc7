"""Make of a trained model, and of what was found out about it, the folder that is served."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path


def main() -> None:
    options = parse()
    shutil.copytree(options.model, options.to, dirs_exist_ok=True)
    results = json.loads((options.results / "results.json").read_text())
    settings = json.loads((options.to / "settings.json").read_text())
    settings["results"] = results
    (options.to / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")
    print(f"{options.to} knows {results['identities']} identities")
    print(f"a distance of more than {results['verification']['threshold']:.2f} is somebody else")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=Path("outputs/model"))
    parser.add_argument("--results", type=Path, default=Path("outputs/results"))
    parser.add_argument("--to", type=Path, default=Path("outputs/served"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
