// One question to the model at a time: sent, watched while it goes up, cancelled, answered, or refused.

import { byId, el, replace, speak } from "./dom.js";
import { send } from "./http.js";
import { duration } from "./numbers.js";
import { againButton, Problem, shownProblem } from "./problem.js";

let running = null;

// asked: {body, type}. answered(output, seconds, whole) makes what is shown.
export async function ask(asked, answered) {
  running?.abort();
  const mine = (running = new AbortController());
  const watch = waiting(() => mine.abort());
  show(watch.node);
  reveal();
  try {
    const question = { path: "predict", method: "POST", body: asked.body, type: asked.type };
    const answer = await send(question, { onSent: watch.sent, signal: mine.signal });
    const whole = JSON.parse(answer.text);
    show(answered(whole.output, answer.seconds, whole));
    speak(`The result is here, after ${duration(answer.seconds)}`);
    reveal();
  } catch (problem) {
    if (mine === running) failed(problem, () => ask(asked, answered));
  } finally {
    if (mine === running) running = null;
  }
}

export function failed(problem, again) {
  if (problem.name === "AbortError") {
    show(el("p", { class: "hint" }, "Cancelled. Nothing was changed."));
    speak("Cancelled");
    return;
  }
  const known = problem instanceof Problem ? problem : new Problem({ message: `This page cannot show the answer: ${problem.message}` });
  const retry = again && retriable(known) && againButton(known, again);
  show(el("div", { class: "stack" }, shownProblem(known), retry && el("div", { class: "row" }, retry)));
  reveal();
}

// What may be otherwise next time. An input that is refused is refused again.
const retriable = ({ status }) => !status || status >= 500 || [401, 408, 429].includes(status);

export function show(...nodes) {
  replace(byId("outcome"), nodes, byId("result"));
}

// On a phone the result lies below what is asked for. Who sees it already is not moved.
function reveal() {
  const box = byId("result").getBoundingClientRect();
  if (box.top < innerHeight * 0.7 && box.bottom > 0) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  byId("result").scrollIntoView({ behavior: still ? "instant" : "smooth", block: "start" });
}

function waiting(cancel) {
  const words = el("span", {}, "Sending");
  const bar = el("progress", { max: "1", "aria-label": "Progress" });
  const stop = el("button", { type: "button", class: "small", onclick: cancel }, "Cancel");
  const node = el("div", { class: "stack" }, el("div", { class: "row wide" }, words, stop), bar);
  const sent = (share) => {
    if (share < 1) {
      bar.value = share;
      words.textContent = `Sending, ${Math.floor(100 * share)} %`;
    } else {
      bar.removeAttribute("value"); // nobody knows how long a model takes
      words.textContent = "The model is at work";
    }
  };
  speak("Sending");
  return { node, sent };
}
