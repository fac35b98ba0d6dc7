// A box for JSON. What cannot be JSON is found here, with its line, and never sent.

import { textField, Unfit } from "./field.js";
import { misfit } from "./schema.js";

export function jsonInput({ title, help, schema }) {
  return textField({
    label: title || "JSON",
    hint: help,
    rows: 8,
    code: true,
    write: (value) => JSON.stringify(value, null, 2),
    read(text) {
      const value = parse(text);
      const wrong = misfit(schema, value);
      if (wrong) throw new Unfit(wrong);
      return { body: text, type: "application/json" };
    },
  });
}

export function parse(text) {
  if (!text.trim()) throw new Unfit("Write some JSON first, such as {\"name\": 1}.");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unfit(`This is no JSON${place(error.message, text)}: ${reason(error.message)}`);
  }
}

// Browsers say where in words of their own; all that do give a position or a line.
function place(message, text) {
  const line = /line (\d+) column (\d+)/.exec(message);
  if (line) return `, line ${line[1]}, column ${line[2]}`;
  const position = /position (\d+)/.exec(message);
  if (!position) return "";
  const before = text.slice(0, Number(position[1])).split("\n");
  return `, line ${before.length}, column ${before[before.length - 1].length + 1}`;
}

const reason = (message) =>
  message.replace(/^JSON\.parse: /, "").replace(/ (in JSON )?at (position|line) .*$/, "") || message;
