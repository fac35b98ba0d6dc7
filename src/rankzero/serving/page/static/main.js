// The page of a model, made from what `api` says of it.

import { answerOf } from "./answer.js";
import { ask, failed, show } from "./asking.js";
import { byId, el } from "./dom.js";
import { Unfit } from "./field.js";
import { send } from "./http.js";
import { inputOf } from "./inputs.js";
import { bytes } from "./numbers.js";
import { Problem } from "./problem.js";
import { samplesOf } from "./samples.js";
import { LOADING, pause, tell, untilReady } from "./state.js";

// Before its file is read, nothing is known of a predictor: that too is loading.
async function described() {
  for (;;) {
    try {
      return JSON.parse((await send({ path: "api" })).text);
    } catch (problem) {
      if (problem.status !== 503) throw problem;
      tell(LOADING, "waiting");
      show(el("p", { class: "hint" }, "The model is being loaded. This page goes on by itself."));
      await pause();
    }
  }
}

async function begin() {
  let api;
  try {
    api = await described();
  } catch (problem) {
    tell(problem.status === 401 ? "A token is needed" : "The server cannot be reached", "lost");
    failed(problem, () => (show(el("p", { class: "hint" }, "Connecting")), begin()));
    return;
  }
  show(hint());
  entitle(api);
  const tried = form(api);
  if (api.ready) return tell("Ready", "ready");
  tell(LOADING, "waiting");
  await untilReady();
  try {
    tried((await described()).samples);
  } catch (problem) {
    failed(problem);
  }
}

const hint = () => el("p", { class: "hint" }, "What the model answers will be here.");

function entitle({ title, name, version, description }) {
  byId("name").textContent = document.title = title || name;
  byId("about").textContent = description;
  byId("about").hidden = !description;
  byId("version").textContent = `rankzero ${version}`;
}

// Told here, for a server may close the connection on a body that it will not read.
const tooLarge = ({ max_body: most }) => ({ message: `This is more than the ${bytes(most)} that are taken.`, hint: "Send less.", status: 413 });

// The form, and what puts samples below it: they come with the model, which may still be loading.
function form(api) {
  const input = inputOf(api.input, api.limits);
  const samples = el("div", {});
  const go = () => {
    try {
      const asked = input.read();
      if (new Blob([asked.body]).size > api.limits.max_body) return failed(new Problem(tooLarge(api.limits)));
      ask(asked, (...answer) => answerOf(api, asked, ...answer));
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
    }
  };
  const use = (value) => {
    input.fill(value);
    go();
  };
  const tried = (known) => samples.replaceChildren(...[samplesOf(known, use, failed)].filter(Boolean));
  const clear = () => {
    input.clear();
    show(hint());
  };
  const buttons = el(
    "div",
    { class: "row" },
    el("button", { class: "main" }, "Ask the model"),
    el("button", { type: "button", class: "bare", onclick: clear }, "Clear"),
  );
  byId("form").replaceChildren(input.node, buttons, samples);
  byId("form").addEventListener("submit", (event) => (event.preventDefault(), go()));
  byId("form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go();
  });
  tried(api.samples);
  return tried;
}

begin();
