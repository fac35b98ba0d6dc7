// Whether the model can answer, as the small light beside its name says.

import { byId } from "./dom.js";
import { send } from "./http.js";

export const LOADING = "The model is loading";
export const pause = () => new Promise((go) => setTimeout(go, 2000));

export function tell(word, style) {
  const state = byId("state");
  if (state.textContent === word) return;
  state.textContent = word;
  state.className = `state ${style}`;
}

// Ends when the model is there. Asks the question that a cluster asks, which costs a server nothing.
export async function untilReady() {
  while (!(await ready())) await pause();
  tell("Ready", "ready");
}

async function ready() {
  try {
    await send({ path: "ready" });
    return true;
  } catch (problem) {
    if (problem.status) tell(LOADING, "waiting");
    else tell("The server cannot be reached", "lost");
    return false;
  }
}
