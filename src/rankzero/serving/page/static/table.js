// Rows and columns; numbers stand under each other.

import { cell, isNumber } from "./numbers.js";
import { el } from "./dom.js";

// More rows than this are not read by anybody: the JSON has them all.
const MOST = 500;

export function table(columns, rows, caption) {
  const numeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => row[i] === null || isNumber(row[i])));
  const style = (i) => (numeric[i] ? "number" : undefined);
  const head = el("tr", {}, columns.map((name, i) => el("th", { scope: "col", class: style(i) }, String(name))));
  const body = rows
    .slice(0, MOST)
    .map((row) => el("tr", {}, row.map((value, i) => el("td", { class: style(i) }, cell(value)))));
  const all = el("table", {}, caption && el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, body));
  const left = rows.length - MOST;
  return el(
    "div",
    { class: "stack" },
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption || "Table" }, all),
    left > 0 && el("p", { class: "note" }, `${left} more rows are in the JSON.`),
  );
}

// A list of objects has the columns that its objects have, in the order of their first appearance.
export function ofRecords(records) {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return [columns, records.map((record) => columns.map((name) => record[name] ?? null))];
}
