"""Names that stand before a secret: of variables, of keys, of options. Pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+")
#: A word of a name that ends so is followed by one: `HF_TOKEN`, `pgpassword`, `clientSecret`.
_ENDS = (
    *("password", "passwords", "passwd", "passphrase", "secret", "secrets", "token", "tokens"),
    *("credential", "credentials", "apikey", "accesskey", "privatekey", "cookie"),
    *("dockerconfigjson", "dockercfg", "secretkey", "signature", "webhook"),
)
_WORDS = {*("pass", "pwd", "auth", "auths", "authorization", "bearer", "pat", "dsn", "sig"), *_ENDS}
#: A variable that ends so is a secret more often than not: `OPENAI_KEY`.
_VARIABLE = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)*_KEY")
#: What a `key` must be of to be one: tolerations and labels have keys, too.
_KEYS = {
    *("api", "access", "private", "secret", "account", "encryption", "signing", "ssh", "client"),
    *("master", "license", "storage", "wandb", "service", "shared", "aes", "hmac"),
}
#: A shell's own: where one is, and was.
_FOLDERS = ("PWD", "OLDPWD")
#: And yet: whoever knows it may post.
_STILL = ("WEBHOOK_URL", "webhook_url")
#: What such a name may also be followed by: where a secret is, and never what it is.
_PLACES = ("file", "path", "name", "ref", "url", "uri", "endpoint", "type", "dir", "ttl", "id")


def is_secret(name: str) -> bool:
    """Whether what stands behind it is nobody else's business."""
    if name in _FOLDERS:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if _VARIABLE.fullmatch(name):
        return True
    if not words or (words[-1] in _PLACES and not name.endswith(_STILL)):
        return False
    if any(word in _WORDS or word.endswith(_ENDS) for word in words):
        return True
    after = set(words[1:]) & {"key", "keys"}
    return bool(after and _KEYS & set(words)) or words[-3:] == ["client", "certificate", "data"]
