// What is shown of an answer: the output as its kind is read, then the same for programs.

import { copyButton, el, localAddress } from "./dom.js";
import { curl } from "./curl.js";
import { duration } from "./numbers.js";
import { jsonText, outputOf } from "./outputs.js";
import { token } from "./token.js";

const address = localAddress();

export function answerOf(api, asked, output, seconds, whole) {
  // Who looks for likenesses wants to see them beside the picture that was sent.
  const sent = api.input.kind === "image" ? address(asked.body) : null;
  return el(
    "div",
    { class: "stack" },
    api.output.title && el("h3", {}, api.output.title),
    outputOf(api.output, output, sent),
    api.output.help && el("p", { class: "note" }, api.output.help),
    el("p", { class: "note" }, `Answered in ${duration(seconds)}`),
    el("div", { class: "ways" }, json(whole), command(asked)),
  );
}

function json(whole) {
  const copy = copyButton(() => JSON.stringify(whole, null, 2));
  const text = el("pre", { tabindex: "0" }, jsonText(whole));
  return el("details", {}, el("summary", {}, "Show as JSON"), el("div", { class: "stack" }, text, copy && el("div", { class: "row" }, copy)));
}

function command(asked) {
  const line = curl(new URL("predict", document.baseURI).href, asked, token() !== null);
  const copy = copyButton(() => line);
  return el("details", {}, el("summary", {}, "The same as a command"), el("div", { class: "stack" }, el("pre", { class: "command", tabindex: "0" }, line), copy && el("div", { class: "row" }, copy)));
}
