"""Nothing that is secret leaves in a bundle, wherever it stands; and what is not, does."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.doctor.bundle.naming import is_secret
from rankzero.doctor.bundle.redaction import REMOVED, Redaction

#: What people's secrets are made of; too long to be in anything else by chance.
SECRETS = st.text("abcXYZ0189+/_-.!$%^*(){}:;,=&", min_size=14, max_size=48).map("Q7".__add__)
NAMES = st.sampled_from(
    [
        *("password", "DB_PASSWORD", "PGPASSWORD", "HF_TOKEN", "apiToken", "client-secret"),
        *("AWS_SECRET_ACCESS_KEY", "WANDB_API_KEY", "private_key", "credentials", "MYTOKEN"),
        *("Authorization", "passphrase", "identitytoken", "auth", ".dockerconfigjson", "pwd"),
    ]
)
PLAIN = st.text("abcdefghij klmnop.", max_size=12)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=8,
)


def _secret_object(name: str, secret: str) -> Any:
    data = {name: base64.b64encode(secret.encode()).decode()}
    return {"kind": "Secret", "data": data, "stringData": {"plain": secret}}


def _kubeconfig(name: str, secret: str) -> Any:
    user = {
        "token": secret,
        "password": secret,
        "client-key-data": secret,
        "client-certificate-data": secret,
        "auth-provider": {"config": {"access-token": secret}},
        "exec": {"command": "log-in", "env": [{"name": name, "value": secret}]},
    }
    return {"users": [{"name": "ada", "user": user}]}


#: Ways in which a secret stands in what JSON holds.
PLACES = [
    lambda name, secret: {name: secret},
    lambda name, secret: {name: [secret, {"inner": secret}]},
    lambda name, secret: {"env": [{"name": name, "value": secret}]},
    lambda name, secret: {"args": ["--user", "ada", f"--{name.strip('.')}", secret]},
    lambda name, secret: {"command": ["sh", "-c", f"run --{name.strip('.')}={secret}"]},
    lambda name, secret: {"auths": {"hub.example": {"auth": secret, "password": secret}}},
    lambda name, secret: {"annotation": json.dumps({name: secret})},
    _secret_object,
    _kubeconfig,
]
#: And in a line; these secrets have no spaces, as in a line nothing tells where one would end.
LINES = [
    "{name}={secret}",
    "export {name}='{secret}'",
    '{name}: "{secret}"',
    "{name}: {secret}",
    "GET /?{name}={secret}",
    "--{name} {secret}",
    "Authorization: Bearer {secret}",
    "sent Basic {secret}",
    "-----BEGIN RSA PRIVATE KEY-----\n{secret}\n{secret}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n{secret}",
    "ValueError: {name}={secret}",
    "INFO: {name}: {secret}",
    "run: --{name}={secret}",
    "args=['--{name}', '{secret}']",
    "host=db;{name}={secret}",
    "url=https://h/x?user=ada&{name}={secret}",
    'failed: {{"{name}": "{secret}"}}',
    "got config={{'{name}': '{secret}'}}",
]


@given(DATA, NAMES, SECRETS, st.sampled_from(PLACES))
def test_what_stands_at_a_secret_s_place_is_taken_out(around, name, secret, place) -> None:
    planted = {"before": around, "here": [place(name, secret), around]}
    said = json.dumps(Redaction().data(planted))
    assert json.dumps(secret)[1:-1] not in said
    assert base64.b64encode(secret.encode()).decode() not in said
    assert REMOVED in said


@given(PLAIN, NAMES, SECRETS, st.sampled_from(LINES))
def test_what_stands_in_a_line_is_taken_out(around, name, secret, line) -> None:
    planted = f"{around}\n{line.format(name=name.strip('.'), secret=secret)}\n{around}"
    said = Redaction().text(planted)
    assert secret not in said
    assert said.startswith(around)


@given(DATA, SECRETS)
def test_what_is_known_by_its_value_is_taken_out_anywhere(around, secret) -> None:
    planted = {"line": f"it said {secret} twice: {secret}", "list": [secret, around]}
    assert secret not in json.dumps(Redaction([secret]).data(planted), ensure_ascii=False)


@given(st.text("abcXYZ019%.!", min_size=3, max_size=20), st.sampled_from(["https", "postgres"]))
def test_urls_lose_who_asks(password: str, scheme: str) -> None:
    said = Redaction().text(f"at {scheme}://ada:{password}@host.example:5432/path?x=1 it failed")
    assert said == f"at {scheme}://{REMOVED}@host.example:5432/path?x=1 it failed"


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1B2" * 9,
        "hf_" + "a1B2" * 8,
        "sk-proj-" + "a1B2" * 8,
        "AKIA" + "A1B2" * 4,
        "glpat-" + "a1B2" * 5,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    ],
)
def test_tokens_that_say_what_they_are_are_taken_out_of_prose(token: str) -> None:
    assert Redaction().text(f"I used {token}, in vain") == f"I used {REMOVED}, in vain"


@given(DATA)
def test_all_else_stays_as_it_is(thing: Any) -> None:
    assert Redaction().data(thing) == thing


@given(DATA, NAMES, SECRETS, st.sampled_from(PLACES))
def test_what_is_clean_stays_clean(around, name, secret, place) -> None:
    once = Redaction().data([around, place(name, secret)])
    assert Redaction().data(once) == once


@pytest.mark.parametrize(
    "name",
    [
        *("tokenizer", "key", "keys", "passes", "path", "token_file", "secretName", "author"),
        *(
            "tokenizer_name",
            "monkey",
            "PWD",
            "OLDPWD",
            "KUBECONFIG",
            "compass",
            "bypass",
            "nodeSelector",
        ),
    ],
)
def test_names_of_other_things_are_no_secret_s(name: str) -> None:
    assert not is_secret(name)


def test_what_a_maintainer_needs_stays_readable() -> None:
    pod = {
        "kind": "Pod",
        "spec": {
            "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": "door"}],
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "volumes": [{"name": "t", "secret": {"secretName": "run", "defaultMode": 288}}],
            "containers": [{"env": [{"name": "HOME", "value": "/h"}], "image": "hub/a:1@sha256:0"}],
        },
    }
    assert Redaction().data(pod) == pod
    line = "2026-01-01T10:00:00 worker/0: rank 0 exited with code 1: KeyError: 'x' (train.py:3)"
    assert Redaction().text(line) == line


@pytest.mark.parametrize(
    "said",
    [
        "proxy http://ada:q7/x@y@proxy:3128/",
        "Set-Cookie: a=b; session=q7",
        "https://hooks.example/?sig=q7",
        "SLACK_WEBHOOK_URL=https://hooks.example/q7",
        "OPENAI_KEY=q7",
        "--OPENAI_KEY=q7",
        "1password=q7",
        "übertoken=q7",
        "...token=q7",
        "my-token q7",
        "a.b.c.postgresql+psycopg2://ada:q7@db",
    ],
)
def test_ways_of_its_own(said: str) -> None:
    assert "q7" not in Redaction().text(said)


@pytest.mark.parametrize("word", ["x", "a.", "-a", "a://", "a=", "'", "eyJ"])
def test_words_without_an_end_take_no_time_without_one(word: str) -> None:
    said = word * 20_000
    assert Redaction().text(f"{said} password=q7").endswith(f"password={REMOVED}")


@pytest.mark.parametrize(
    "thing",
    [
        {"env": {"secret": "q7"}},
        {"params": {"secret": {"type": "str", "value": "q7"}}},
        {"secrets": ["q7"]},
    ],
)
def test_one_that_is_called_secret_and_is_no_name_of_one(thing: Any) -> None:
    assert "q7" not in json.dumps(Redaction().data(thing))


@pytest.mark.parametrize(
    "thing",
    [
        {"imagePullSecrets": [{"name": "door"}]},
        {"pull_secrets": ["door"]},
        {"secretKeyRef": {"name": "hub", "key": "token"}},
        {"volumes": [{"secret": {"secretName": "hub"}}]},
    ],
)
def test_names_of_secrets_stay(thing: Any) -> None:
    assert Redaction().data(thing) == thing
