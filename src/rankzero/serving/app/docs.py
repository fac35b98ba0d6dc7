"""The page at `/docs`: reads `/openapi.json` and shows it. All of it is here; nothing comes from
another host, and it works behind a path."""

from __future__ import annotations

import base64
import hashlib

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
body{color:#1b1b1b;background:#fff}
pre{background:#f3f3f3;padding:.8rem;overflow:auto;border-radius:4px}
h2{margin-top:2.5rem;font-family:ui-monospace,monospace;font-size:1.1rem}
table{border-collapse:collapse}td{padding:.2rem .8rem .2rem 0;vertical-align:top}
input{font:inherit;padding:.3rem}button{font:inherit;padding:.3rem .8rem}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#242424}
a{color:#8ab4f8}}
"""
_SCRIPT = """
const main = document.querySelector('main');
function add(parent, tag, text) {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  parent.append(one);
  return one;
}
function pretty(value) { return JSON.stringify(value, null, 2); }
function content(parent, title, all) {
  for (const [media, one] of Object.entries(all || {})) {
    add(parent, 'h3', title + ': ' + media);
    if (one.schema && Object.keys(one.schema).length) add(parent, 'pre', pretty(one.schema));
    for (const example of Object.values(one.examples || {})) {
      add(parent, 'p', 'Example: ' + example.summary);
      add(parent, 'pre', pretty(example.value));
    }
  }
}
function show(found) {
  main.replaceChildren();
  document.title = found.info.title;
  add(main, 'h1', found.info.title);
  if (found.info.description) add(main, 'p', found.info.description);
  const link = add(add(main, 'p'), 'a', 'openapi.json');
  link.href = 'openapi.json';
  for (const [path, methods] of Object.entries(found.paths)) {
    for (const [method, one] of Object.entries(methods)) {
      add(main, 'h2', method.toUpperCase() + ' ' + path);
      add(main, 'p', one.summary);
      if (one.description) add(main, 'p', one.description);
      content(main, 'Takes', (one.requestBody || {}).content);
      content(main, 'Gives', one.responses['200'].content);
      const table = add(main, 'table');
      for (const [status, answer] of Object.entries(one.responses)) {
        const row = add(table, 'tr');
        add(row, 'td', status);
        add(row, 'td', answer.description);
      }
    }
  }
}
async function load(token) {
  const headers = token ? {Authorization: 'Bearer ' + token} : {};
  const answer = await fetch('openapi.json', {headers});
  const found = await answer.json();
  if (answer.ok) return show(found);
  main.replaceChildren();
  add(main, 'p', found.error.message);
  if (answer.status !== 401) return;
  const form = add(main, 'form');
  const label = add(form, 'label', 'Token ');
  const input = add(label, 'input');
  input.type = 'password';
  add(form, 'button', 'Show');
  form.onsubmit = (event) => { event.preventDefault(); load(input.value); };
}
load('');
"""

HTML = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>API</title>
<style>{_STYLE}</style></head>
<body><main><p>Loading&hellip;</p></main>
<script>{_SCRIPT}</script></body>
</html>
"""


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


#: Exactly this style and this script, and nothing from elsewhere.
POLICY = (
    f"default-src 'none'; style-src {_digest(_STYLE)}; script-src {_digest(_SCRIPT)}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
