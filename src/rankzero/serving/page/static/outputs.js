// An output of each kind, as people read it.

import { el } from "./dom.js";
import { gallery, shown } from "./gallery.js";
import { labels } from "./labels.js";
import { cell, isNumber } from "./numbers.js";
import { plot } from "./plot.js";
import { ofRecords, table } from "./table.js";

const KINDS = {
  json: (value) => plainest(value),
  array: (value) => (isMatrix(value) ? matrix(value) : pre(value)),
  text: (value) => el("p", { class: "plain" }, value),
  image: (value) => (shown(value.src) ? el("img", { class: "one", src: value.src, alt: "The picture that came back" }) : pre(value)),
  audio: (value) => (value.src.startsWith("data:audio/") ? el("audio", { src: value.src, controls: true, "aria-label": "The sound that came back" }) : pre(value)),
  labels: (value) => (value.length ? labels(value.map(({ label, score }) => [label, score])) : el("p", { class: "hint" }, "No label came back.")),
  table: (value, { title }) => table(value.columns, value.rows, title),
  gallery: (value, _, sent) => gallery(value.map(({ image, ...rest }) => ({ address: image.src, ...rest })), sent),
  plot: (value, { title }) => plot(value, title),
};

// sent: the address of the picture that was asked about, where it was one.
export function outputOf(description, value, sent) {
  return (KINDS[description.kind] ?? pre)(value, description, sent);
}

// JSON that is a list of flat objects is a table, one flat object a list of its members.
function plainest(value) {
  if (Array.isArray(value) && value.length > 0 && value.every(isFlat)) return table(...ofRecords(value));
  if (isFlat(value) && Object.keys(value).length) return table(["Name", "Value"], Object.entries(value));
  return typeof value === "object" && value !== null ? pre(value) : el("p", { class: "plain" }, cell(value));
}

const isFlat = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((one) => typeof one !== "object" || one === null);

const isMatrix = (value) => Array.isArray(value) && value.length > 0 && value.every((row) => Array.isArray(row) && row.length <= 32 && row.every(isNumber));

const matrix = (rows) => table(rows[0].map((_, i) => i), rows);

const pre = (value) => el("pre", { tabindex: "0" }, jsonText(value));

// As a person can look through it: the bytes of pictures within would be pages of letters.
export function jsonText(value) {
  const clip = (_, one) => (typeof one === "string" && one.length > 300 ? `${one.slice(0, 60)}… (${one.length} characters)` : one);
  return JSON.stringify(value, clip, 2);
}
