// Pictures with captions, scores and distances, in the order in which the model gave them.

import { el } from "./dom.js";
import { short } from "./numbers.js";

// yours: the address of the picture that they are likened to; null where there is none.
export function gallery(items, yours) {
  if (!items.length) return el("p", { class: "hint" }, "No picture came back.");
  const first = yours && el("li", { class: "yours" }, figure({ address: yours, caption: "Your picture" }));
  return el("ul", { class: "gallery" }, first, items.map((item) => el("li", {}, figure(item))));
}

function figure({ address, caption, score, distance }) {
  const words = [];
  if (caption) words.push(el("span", { class: "caption" }, caption));
  if (distance !== undefined && distance !== null) {
    words.push(el("span", { class: "score" }, `distance ${short(distance)}`));
  }
  if (score !== undefined && score !== null) {
    words.push(el("span", { class: "score" }, `score ${short(score)}`));
  }
  return el("figure", {}, picture(address, caption), el("figcaption", {}, words));
}

function picture(address, caption) {
  const missing = () => el("span", { class: "none" }, "The picture cannot be shown");
  if (!shown(address)) return missing();
  // The caption is beside it, so a text that says the same again would only be heard twice.
  const image = el("img", { src: address, alt: caption ? "" : "A picture of the result", loading: "lazy" });
  image.addEventListener("error", () => image.replaceWith(missing()));
  return image;
}

// Only pictures that are in the answer, or that this server has: the policy would refuse all others.
export function shown(address) {
  if (typeof address !== "string") return false;
  if (address.startsWith("data:image/")) return true;
  try {
    return new URL(address, document.baseURI).origin === location.origin;
  } catch {
    return false;
  }
}
