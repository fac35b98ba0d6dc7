"""Exec plugins: real programs of the test's own."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from rankzero.backends.kubernetes.access import plugin
from rankzero.backends.kubernetes.access.model import Exec, Extension, Variable
from rankzero.backends.kubernetes.access.plugin import Plugin
from rankzero.errors import Refused
from support.kubeconfigs import V1, calls, context, printed, program
from support.waiting import until

_BETA = "client.authentication.k8s.io/v1beta1"


def made(command: Path | str, **said: Any) -> Plugin:
    return plugin.of(context(), Exec(**{"command": str(command), "api_version": V1, **said}))


def in_seconds(seconds: float) -> str:
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.isoformat()


def refusal(source: Plugin) -> str:
    with pytest.raises(Refused) as refused:
        source.current()
    return str(refused.value)


@pytest.mark.parametrize("version", [V1, _BETA, V1.replace("v1", "v1alpha1")])
def test_a_token_is_shown_until_it_is_refused(tmp_path: Path, version: str) -> None:
    source = made(program(tmp_path, printed(version, token="secret")), api_version=version)
    proof = source.current()
    assert (proof.authorization, proof.until) == ("Bearer secret", None)
    assert source.current() == proof
    assert calls(tmp_path) == 1
    assert source.again(proof) is None, "the same again proves no more"
    assert calls(tmp_path) == 2
    assert "secret" not in repr(proof)


def test_a_refused_token_has_another_one_asked_for(tmp_path: Path) -> None:
    count = f'printf \'{{"status": {{"token": "%s"}}}}\' "$(grep -c . "{tmp_path}/calls")"'
    source = made(program(tmp_path, count))
    first = source.current()
    second = source.again(first)
    assert second is not None
    assert (first.authorization, second.authorization) == ("Bearer 1", "Bearer 2")
    assert source.again(first) == second, "somebody else has asked since"
    assert source.current() == second
    assert calls(tmp_path) == 2


def test_all_who_use_one_program_share_what_it_says(tmp_path: Path) -> None:
    path = program(tmp_path, printed(token="t"))
    threads = [threading.Thread(target=lambda: made(path).current()) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls(tmp_path) == 1
    made(path, args=("--other",)).current()
    assert calls(tmp_path) == 2


def test_before_it_expires_it_is_asked_for_anew(tmp_path: Path) -> None:
    source = made(program(tmp_path, printed(token="t", expirationTimestamp=in_seconds(2))))
    first = source.current()
    assert first.until is not None
    until(lambda: source.current() and calls(tmp_path) > 1, "the plugin to be asked again")


@pytest.mark.parametrize("when", [None, "2999-01-01T00:00:00Z"])
def test_long_before_it_expires_it_is_not(tmp_path: Path, when: str | None) -> None:
    when = when or in_seconds(3600)
    source = made(program(tmp_path, printed(token="t", expirationTimestamp=when)))
    assert source.current() == source.current()
    assert calls(tmp_path) == 1


def test_what_holds_still_is_shown_where_renewing_fails(tmp_path: Path) -> None:
    """A laptop that is offline for a moment."""
    said = printed(token="t", expirationTimestamp=in_seconds(3600))
    path = program(tmp_path, f'[ "$(grep -c . "{tmp_path}/calls")" = 1 ] || exit 7\n{said}')
    source = made(path)
    first = source.current()
    source._renew_at = 0.0
    assert source.current() == first
    assert calls(tmp_path) == 2
    source._last, source._renew_at = first._replace(until=1.0), 0.0
    assert "ended with 7" in refusal(source)


def test_a_certificate(tmp_path: Path) -> None:
    pair = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    proof = made(program(tmp_path, printed(**pair))).current()
    assert (proof.authorization, proof.certificate, proof.key) == ("", "CERT", "KEY")


# -- what it is told


def told(folder: Path, source: Plugin) -> dict[str, Any]:
    source.current()
    found: dict[str, Any] = json.loads((folder / "info").read_text())
    return found


def telling(folder: Path) -> Path:
    body = f'printf %s "$KUBERNETES_EXEC_INFO" > "{folder}/info"\nenv > "{folder}/env"'
    return program(folder, f'{body}\necho "$@" > "{folder}/args"\n{printed(token="t")}')


def test_it_is_told_what_it_needs(tmp_path: Path) -> None:
    variables = (Variable("AUDIENCE", "lab"), Variable("HOME", "/elsewhere"))
    source = made(telling(tmp_path), args=("log", "in"), env=variables)
    assert told(tmp_path, source) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    env = (tmp_path / "env").read_text().splitlines()
    assert {"AUDIENCE=lab", "HOME=/elsewhere", f"PATH={os.environ['PATH']}"} <= set(env)
    assert (tmp_path / "args").read_text() == "log in\n"


def test_it_is_told_of_the_cluster_where_it_wants_to_know(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("PEM")
    about = context(
        certificate_authority=str(tmp_path / "ca.crt"),
        tls_server_name="api.lab",
        proxy_url="http://proxy:3128",
        extensions=(
            Extension("else", 1),
            Extension("client.authentication.k8s.io/exec", {"audience": "lab"}),
        ),
    )
    said = Exec(str(telling(tmp_path)), V1, provide_cluster_info=True)
    assert told(tmp_path, plugin.of(about, said))["spec"]["cluster"] == {
        "server": "https://lab:6443",
        "tls-server-name": "api.lab",
        "proxy-url": "http://proxy:3128",
        "certificate-authority-data": "UEVN",
        "config": {"audience": "lab"},
    }


def at_terminal(folder: Path, mode: str, script: str) -> tuple[str, int]:
    """What a Python that asks a plugin writes to its terminal, and its exit code."""
    ask = (
        "from rankzero.backends.kubernetes.access import plugin\n"
        "from rankzero.backends.kubernetes.access.model import *\n"
        f"said = Exec({str(program(folder, script))!r}, {V1!r}, interactive_mode={mode!r})\n"
        "made = plugin.of(Context('lab', 'team', Server('https://lab'), User()), said)\n"
        "raise SystemExit(made.current().authorization != 'Bearer t')\n"
    )
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", ask], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, b"yes\n")
        seen = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # EIO: nobody holds the other end any more
                break
            seen += data
    os.close(ours)
    return seen.decode(), process.returncode


@pytest.mark.parametrize("mode", ["Always", "IfAvailable"])
def test_at_a_terminal_it_can_ask(tmp_path: Path, mode: str) -> None:
    asks = 'echo "Log in at https://lab/device" >&2; read answer; [ "$answer" = yes ] || exit 3'
    seen, code = at_terminal(tmp_path, mode, f"{asks}\n{printed(token='t')}")
    assert code == 0, seen
    assert "Log in at https://lab/device" in seen, "it is seen, for it may say where to log in"
    assert "ExecCredential" not in seen


def test_one_that_never_asks_gets_no_terminal(tmp_path: Path) -> None:
    seen, code = at_terminal(tmp_path, "Never", f"[ ! -t 0 ] || exit 3\n{printed(token='t')}")
    assert code == 0, seen


def test_one_that_has_to_ask_is_not_started_without_a_terminal(tmp_path: Path) -> None:
    said = refusal(made(program(tmp_path, "exit 9"), interactive_mode="Always"))
    assert "wants to ask you something, and there is no terminal\n" in said
    assert "kubectl --context lab auth whoami" in said
    assert calls(tmp_path) == 0


# -- what goes wrong


def test_one_that_is_not_installed_says_where_to_get_it() -> None:
    hint = "\nTo get it:\n  brew install log-in\n"
    said = refusal(made("no-such-plugin", install_hint=hint))
    assert said == (
        'cannot prove who you are to lab: the plugin "no-such-plugin" is not installed\n'
        "To get it:\n  brew install log-in"
    )
    assert refusal(made("no-such-plugin")).endswith("--context NAME")


def test_one_that_cannot_be_run(tmp_path: Path) -> None:
    path = program(tmp_path, "")
    path.chmod(0o600)
    assert "cannot be run: Permission denied" in refusal(made(path))


def test_one_that_fails_is_quoted_by_its_last_lines(tmp_path: Path) -> None:
    body = 'echo "the secret"; for i in 1 2 3 4 5 6 7; do echo "line $i" >&2; done; exit 4'
    said = refusal(made(program(tmp_path, body)))
    first, *lines, hint = said.splitlines()
    assert first.endswith('" ended with 4:')
    assert lines == [f"  line {number}" for number in range(3, 8)]
    assert hint.startswith("Log in again")
    assert "secret" not in said


def test_one_line_stays_on_the_line_and_moves_no_cursor(tmp_path: Path) -> None:
    said = refusal(made(program(tmp_path, r"printf '\033[2JNo session\n\n' >&2; exit 1")))
    assert said.splitlines()[0].endswith("ended with 1: [2JNo session")


def test_much_on_its_stderr_does_not_stop_it(tmp_path: Path) -> None:
    noise = "head -c 300000 /dev/zero | tr '\\0' x >&2"
    source = made(program(tmp_path, f"{noise}\n{printed(token='t')}"))
    assert source.current().authorization == "Bearer t"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo token-hunter2", "printed no ExecCredential: JSON is malformed"),
        ("", "printed no ExecCredential: "),
        ("""echo '{"status": {"token": ["hunter2"]}}'""", "Expected `str | null`, got `array`"),
        (r"printf '\377hunter2'", "printed no ExecCredential: "),
        ("echo '{}'", "without token or certificate"),
        (printed(token=""), "without token or certificate"),
        (printed(clientKeyData="hunter2", token="t"), "a key without the other"),
        (printed(_BETA, token="hunter2"), f"speaks {_BETA}, and the kubeconfig says {V1}"),
        (printed(token="hunter2", expirationTimestamp="soon"), "expirationTimestamp"),
    ],
)
def test_what_is_no_credential_is_not_quoted(tmp_path: Path, body: str, words: str) -> None:
    said = refusal(made(program(tmp_path, body)))
    assert words in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"api_version": "v1"}, 'has the apiVersion "v1" in the kubeconfig; there is: '),
        ({"interactive_mode": "Often"}, 'has the interactiveMode "Often" in the kubeconfig'),
    ],
)
def test_what_no_plugin_is(said: dict[str, str], words: str) -> None:
    with pytest.raises(Refused) as refused:
        made("aws", **said)
    assert words in str(refused.value)
