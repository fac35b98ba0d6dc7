// Elements from data. Text always goes in as text: nothing here, or anywhere, parses HTML.

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat());
  return made;
}

export const byId = (id) => document.getElementById(id);

let last = 0;
export const newId = (stem) => `${stem}-${++last}`;

// New children. Who had the focus on one that goes is put on what stays, and not back to the page's top.
export function replace(parent, children, stays) {
  const lost = parent.contains(document.activeElement);
  parent.replaceChildren(...children);
  if (lost) (stays ?? parent.querySelector("button"))?.focus({ preventScroll: true });
}

// For those who listen: one polite region, so that no two announcements talk at once.
export function speak(text) {
  byId("spoken").textContent = text;
}

// A button that copies, where the browser lets a page do so (only on https and localhost).
export function copyButton(text) {
  if (!navigator.clipboard) return null;
  const button = el("button", { type: "button", class: "small" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "Copied";
    speak("Copied");
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

// An address of a file that is only here. The one before it is let go, so that memory is.
export function localAddress() {
  let address = null;
  return (file) => {
    if (address) URL.revokeObjectURL(address);
    address = file ? URL.createObjectURL(file) : null;
    return address;
  };
}
