// What every input has in common: a label, a place for what is wrong with it, and a hint.

import { el, newId } from "./dom.js";

// An input that is not fit to be sent. The message says what to change.
export class Unfit extends Error {}

export function textField({ label, hint, rows, placeholder, code, read, write }) {
  const id = newId("field");
  const wrong = el("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const note = hint ? el("p", { class: "note", id: `${id}-hint` }, hint) : null;
  const area = el("textarea", {
    id,
    rows,
    placeholder: placeholder || undefined,
    class: code ? "code" : undefined,
    spellcheck: code ? "false" : undefined,
    autocapitalize: code ? "off" : undefined,
    "aria-describedby": `${id}-wrong${hint ? ` ${id}-hint` : ""}`,
  });
  const tell = (message) => {
    wrong.textContent = message;
    if (message) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };
  // While it is typed nothing is wrong yet; what was told is taken back as soon as it is mended.
  area.addEventListener("input", () => {
    if (wrong.textContent && fits(read, area.value)) tell("");
  });
  area.addEventListener("blur", () => {
    if (area.value.trim()) tell(fault(read, area.value));
  });
  return {
    node: el("div", { class: "field" }, el("label", { for: id }, label), area, wrong, note),
    read() {
      tell(fault(read, area.value));
      if (wrong.textContent) {
        area.focus();
        throw new Unfit(wrong.textContent);
      }
      return read(area.value);
    },
    fill(value) {
      area.value = write(value);
      tell("");
    },
    clear() {
      area.value = "";
      tell("");
    },
  };
}

const fits = (read, text) => fault(read, text) === "";

function fault(read, text) {
  try {
    read(text);
    return "";
  } catch (error) {
    if (error instanceof Unfit) return error.message;
    throw error;
  }
}
