// A box for an array: JSON lists, or plain numbers as they are copied from a table, a row a line.

import { textField, Unfit } from "./field.js";
import { parse } from "./json.js";

export function arrayInput({ title, help, limits }) {
  const shape = limits.shape;
  const wanted = shape.length ? `${shape.map((length) => length ?? "any").join(" × ")} numbers` : "one number";
  return textField({
    label: title || "Array",
    hint: [help, `${wanted} (${limits.dtype}), ${how(shape.length)}.`].filter(Boolean).join(" "),
    rows: shape.length > 1 ? 8 : 4,
    code: true,
    write: written,
    read(text) {
      const value = arrayOf(text, shape.length);
      const found = shapeOf(value);
      const fits = found.length === shape.length && shape.every((length, i) => length === null || length === found[i]);
      if (!fits) throw new Unfit(`This is ${found.join(" × ") || "one"}; ${wanted} are wanted.`);
      return { body: JSON.stringify(value), type: "application/json" };
    },
  });
}

const how = (dimensions) => (dimensions > 1 ? "as lists in JSON, or with a row on each line" : "as a list in JSON, or with spaces between them");

// Short rows stay on a line each, which is how people read them.
function written(value) {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[${value.map(row).join(value.some(Array.isArray) ? ",\n " : ", ")}]`;
}

const row = (value) => (Array.isArray(value) ? `[${value.map(row).join(", ")}]` : JSON.stringify(value));

function arrayOf(text, dimensions) {
  if (!text.trim()) throw new Unfit("Write some numbers first.");
  if (/^\s*[[{"]/.test(text)) return parse(text);
  const rows = text.trim().split(/\n+/).map((line, i) => line.trim().split(/[\s,;]+/).filter(Boolean).map((word) => number(word, i)));
  if (dimensions === 0 && rows.length === 1 && rows[0].length === 1) return rows[0][0];
  return dimensions === 1 ? rows.flat() : rows;
}

function number(word, line) {
  if (word === "true" || word === "false") return word === "true";
  const value = Number(word);
  if (!Number.isFinite(value)) throw new Unfit(`Line ${line + 1}: “${word}” is no number.`);
  return value;
}

function shapeOf(value) {
  if (!Array.isArray(value)) {
    if (typeof value !== "number" && typeof value !== "boolean") throw new Unfit(`${JSON.stringify(value)} is no number.`);
    return [];
  }
  const shapes = value.map(shapeOf);
  const [inner = []] = shapes;
  if (shapes.some((one) => one.join() !== inner.join())) throw new Unfit("Its rows are not of one length.");
  return [value.length, ...inner];
}
