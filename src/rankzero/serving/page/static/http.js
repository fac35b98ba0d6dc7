// Questions to the server. XMLHttpRequest, because only it tells how much of an upload has gone.

import { problemOf, Problem, UNREACHABLE } from "./problem.js";
import { askForToken, token } from "./token.js";

// ask: {path, method, body, type, binary}. onSent(share) while a body goes up; signal cancels.
// Errors: Problem; or an AbortError where it was cancelled.
export async function send(ask, { onSent, signal } = {}) {
  let used = token();
  let answer = await once(ask, used, onSent, signal);
  while (answer.status === 401) {
    // Another question may have got the token while this one was on its way.
    used = token() !== used ? token() : await askForToken(used !== null);
    if (used === null) break;
    answer = await once(ask, used, onSent, signal);
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw problemOf(answer.status, answer.header, answer.text);
}

function once({ path, method = "GET", body = null, type, binary }, secret, onSent, signal) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const began = performance.now();
    request.open(method, path);
    if (binary) request.responseType = "blob";
    if (type) request.setRequestHeader("content-type", type);
    if (secret) request.setRequestHeader("authorization", `Bearer ${secret}`);
    if (onSent) {
      request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total);
    }
    const header = (name) => request.getResponseHeader(name);
    request.onload = async () => {
      const seconds = (performance.now() - began) / 1000;
      const text = binary ? await request.response.text() : request.response;
      done({ status: request.status, header, text, body: request.response, seconds });
    };
    request.onerror = () => failed(new Problem(UNREACHABLE));
    request.onabort = () => failed(new DOMException("Cancelled", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    if (signal?.aborted) request.abort();
    else request.send(body);
  });
}
