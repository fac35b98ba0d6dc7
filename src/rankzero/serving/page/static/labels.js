// Labels with bars, the best first. The bar repeats what the number says, so it is not read out.

import { el } from "./dom.js";
import { short } from "./numbers.js";

export function labels(pairs) {
  const scores = pairs.map(([, score]) => score);
  const shares = scores.every((score) => score >= 0 && score <= 1);
  const most = Math.max(...scores.map(Math.abs)) || 1;
  return el(
    "ol",
    { class: "labels" },
    pairs.map(([name, score]) => {
      const bar = el("span");
      const width = shares ? score : Math.max(0, score) / most;
      // After it is on the page, so that it grows to its width where motion is wanted.
      requestAnimationFrame(() => (bar.style.width = `${(100 * width).toFixed(2)}%`));
      return el(
        "li",
        {},
        el("span", {}, String(name)),
        el("span", { class: "score" }, shares ? percent(score) : short(score)),
        el("span", { class: "bar", "aria-hidden": "true" }, bar),
      );
    }),
  );
}

function percent(share) {
  const value = 100 * share;
  return value > 0 && value < 0.1 ? "< 0.1 %" : `${value.toFixed(1)} %`;
}
