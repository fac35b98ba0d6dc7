"""Files that, by their names, hold keys and passwords: they stay where they are.

A name is all that is looked at, so it is a net against accidents, not a proof: what it holds back
is named, and `!name` in `.rankzeroignore` lets it travel.
"""

from __future__ import annotations

import fnmatch
import re

#: Folders in which every file is one, by the ends of their paths.
_FOLDERS = (".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".config/gcloud")
_NAMES = (
    # Variables for programs, and what is called a secret outright.
    *(".env", ".env.*", "*.env", ".envrc", ".vault-token"),
    *(f"secret{s}.{end}" for s in ("", "s") for end in ("yaml", "yml", "json", "toml", "ini")),
    # Private keys and key stores.
    *("*.pem", "*.key", "*.ppk", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    # Passwords of programs.
    *(".netrc", "_netrc", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd", ".pgpass"),
    *(".my.cnf", ".boto", ".s3cfg", ".dockercfg", ".dockerconfigjson", "kaggle.json"),
    # Clouds and clusters.
    *("credentials", "credentials.json", "credentials.csv", "credentials.y*ml", "credentials.toml"),
    *("application_default_credentials.json", "client_secret*.json", "gcp-key*.json"),
    *("service-account*.json", "service_account*.json", "serviceaccount*.json"),
    *("*-service-account.json", "*_service_account.json", "*serviceaccount.json"),
    *("kubeconfig", "kubeconfig.*", "*.kubeconfig", "*.tfstate", "*.tfstate.backup"),
)
#: Whatever stands before: sources, words about secrets, and the public halves of keys.
_HARMLESS = (".py", ".pyi", ".pub", ".md", ".rst")
_NAME = re.compile("|".join(fnmatch.translate(name) for name in _NAMES))
_FOLDER = re.compile("(?:.*/)?(?:" + "|".join(map(re.escape, _FOLDERS)) + ")/.*", re.DOTALL)


def is_secret(path: str) -> bool:
    """Whether a file's path, with `/`, is one under which secrets are kept. Case is no matter."""
    path = path.lower()
    name = path.rpartition("/")[2]
    if name.endswith(_HARMLESS):
        return False
    return bool(_NAME.match(name) or _FOLDER.fullmatch(path))
