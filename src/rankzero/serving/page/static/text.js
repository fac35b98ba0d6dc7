// A box for plain text.

import { textField, Unfit } from "./field.js";

export function textInput({ title, help, ui, limits }) {
  return textField({
    label: title || "Text",
    hint: help,
    rows: ui.lines,
    placeholder: ui.placeholder,
    write: (value) => (typeof value === "string" ? value : JSON.stringify(value)),
    read(text) {
      if (!text.trim()) throw new Unfit("Write something first.");
      const length = [...text].length;
      if (length > limits.max_length) {
        throw new Unfit(`The text has ${length} characters; at most ${limits.max_length} are taken.`);
      }
      return { body: text, type: "text/plain" };
    },
  });
}
