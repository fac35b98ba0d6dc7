"""Names under which people keep keys and passwords, and names that only look like it."""

import pytest

from rankzero.code.secrets import is_secret


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.local", "deploy/.env.production", "prod.env", ".envrc"),
        *("server.pem", "tls/server.key", "putty.ppk", "store.p12", "store.jks", "SERVER.KEY"),
        *("id_rsa", "keys/id_ed25519", "id_ecdsa", "id_dsa", "id_rsa.bak", "id_rsa_work"),
        *(".netrc", ".npmrc", ".pypirc", ".git-credentials", ".pgpass", "kaggle.json"),
        *(".ssh/config", ".aws/credentials", "home/.aws/config", ".docker/config.json"),
        *(".kube/config", "kubeconfig", "lab.kubeconfig", "kubeconfig.yaml", ".config/gcloud/x.db"),
        *("service-account.json", "service_account_prod.json", "my-service-account.json"),
        *("serviceAccount.json", "myServiceAccount.json", "gcp-key.json", "gcp-key-2.json"),
        *("credentials", "credentials.json", "credentials.yaml", "client_secret_1.json"),
        *("application_default_credentials.json", "secrets.yaml", "secret.json", "a.tfstate"),
    ],
)
def test_secrets(path):
    assert is_secret(path)


@pytest.mark.parametrize(
    "path",
    [
        *("train.py", "environment.yml", "env.py", "my.env.py", "lab/env/go.txt", "Dockerfile"),
        *("secrets.py", "credentials.py", "credentials/load.py", "service_account.py"),
        *("id_rsa.pub", "key.json", "keys.txt", "tokenizer.json", "tokens.txt", "monkey.txt"),
        *("config.json", "docker/config.json", "kube/config", "ssh/config", "credentials.md"),
    ],
)
def test_others(path):
    assert not is_secret(path)
