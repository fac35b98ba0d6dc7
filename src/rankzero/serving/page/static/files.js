// A place for one file: chosen, dropped anywhere on the page, or pasted.

import { Unfit } from "./field.js";
import { el, localAddress, newId, replace, speak } from "./dom.js";
import { bytes } from "./numbers.js";

// what: its word. accept: media types. more: buttons beside "Choose". preview(file, address): how it is
// shown, or a promise of a note about it; check(file, shown): throws Unfit where it is not to be sent.
export function fileField({ label, help, what, accept, most, more = () => [], preview }) {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const address = localAddress();
  const chooser = el("input", { type: "file", accept, hidden: true, "aria-hidden": "true", tabindex: "-1" });
  const zone = el("div", { class: "drop" });
  const title = newId("file");
  const node = el("div", { class: "field", role: "group", "aria-labelledby": title }, el("span", { class: "label", id: title }, label), zone, wrong, help && el("p", { class: "note" }, help), chooser);
  let held = null;

  function take(file) {
    held = null;
    wrong.textContent = tooMuch(file, most);
    if (wrong.textContent) return empty();
    held = file;
    zone.classList.add("full");
    const shown = preview(file, address(file), (message) => (wrong.textContent = message));
    const named = el("p", { class: "note" }, `${file.name} · ${bytes(file.size)}`);
    replace(zone, [...shown, named, buttons("Choose another")]);
    speak(`${what} ${file.name} is chosen`);
  }
  function empty() {
    address(null);
    held = null;
    zone.classList.remove("full");
    replace(zone, [buttons(`Choose ${what}`), el("p", { class: "note pointing" }, "or drop it here, or paste it")]);
  }
  function buttons(words) {
    const choose = el("button", { type: "button", onclick: () => chooser.click() }, words);
    const remove = held && el("button", { type: "button", class: "bare", onclick: empty }, "Remove");
    return el("div", { class: "row" }, choose, more(take, (message) => (wrong.textContent = message)), remove);
  }
  chooser.addEventListener("change", () => {
    if (chooser.files[0]) take(chooser.files[0]);
    chooser.value = ""; // so that the same file can be chosen again
  });
  onDropped(zone, take);
  empty();
  return {
    node,
    read() {
      if (!held) {
        wrong.textContent ||= `Choose ${what} first.`;
        zone.querySelector("button").focus();
        throw new Unfit(wrong.textContent);
      }
      // By its content the server knows what it is; a name or its ending would only be a claim.
      return { body: held, type: "application/octet-stream", name: held.name, source: held.source };
    },
    fill: take,
    clear() {
      wrong.textContent = "";
      empty();
    },
  };
}

function tooMuch(file, most) {
  if (file.size === 0) return "The file is empty.";
  return file.size > most ? `The file has ${bytes(file.size)}; at most ${bytes(most)} are taken.` : "";
}

// The whole page takes the drop: a file that misses a target must not replace the page.
function onDropped(zone, take) {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  const over = (count) => {
    inside = Math.max(0, count);
    zone.classList.toggle("over", inside > 0);
  };
  document.addEventListener("dragenter", (event) => carries(event) && over(inside + 1));
  document.addEventListener("dragleave", (event) => carries(event) && over(inside - 1));
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    over(0);
    if (!carries(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) take(file);
  });
}
