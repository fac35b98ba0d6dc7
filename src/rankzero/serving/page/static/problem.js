// What went wrong, as the server said it: what, where and why, and what to do next.

import { el } from "./dom.js";

export class Problem extends Error {
  constructor({ message, hint, code, status, request, wait }) {
    super(message);
    Object.assign(this, { hint, code, status, request, wait });
  }
}

export const UNREACHABLE = {
  message: "The server cannot be reached: it has ended, is being replaced, or the connection is cut.",
  hint: "Try again in a moment. What you entered is still here.",
};

// The answer of a server, or of a proxy before it that knows nothing of ours.
export function problemOf(status, headers, text) {
  const error = parsed(text)?.error ?? {};
  return new Problem({
    message: error.message ?? `The server answered ${status}, and not in the words of this model.`,
    hint: error.hint,
    code: error.code,
    status,
    request: error.request_id ?? headers("x-request-id"),
    wait: Number(headers("retry-after")) || 0,
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function shownProblem(problem) {
  const lines = [
    ["Next", problem.hint],
    ["Status", [problem.status, problem.code].filter(Boolean).join(" ")],
    ["Request", problem.request],
  ].filter(([, text]) => text);
  const rows = lines.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, String(text))]);
  return el("div", { class: "problem", role: "alert" }, el("h3", {}, problem.message), el("dl", {}, rows));
}

// A button that can be pressed when the server's time has passed. It stands outside of what is read
// out as an alert, or every second would be.
export function againButton(problem, again) {
  const button = el("button", { type: "button", onclick: again });
  let left = problem.wait;
  const tick = () => {
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
    if (left > 0) setTimeout(tick, 1000);
    left -= 1;
  };
  tick();
  return button;
}
