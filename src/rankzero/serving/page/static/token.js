// A server's token, asked for once. It stays in this tab and goes with it; no address ever has it.

import { el } from "./dom.js";

const KEY = "rankzero-token";

export const token = () => sessionStorage.getItem(KEY);

let asking = null;

// The token that was typed; null where the dialog was left. Two questions at once are one.
export function askForToken(refused) {
  asking ??= dialog(refused).finally(() => (asking = null));
  return asking;
}

function dialog(refused) {
  return new Promise((done) => {
    const wrong = el("p", { class: "wrong", id: "token-wrong", role: "alert" });
    if (refused) wrong.textContent = "The server did not take this token.";
    const field = el("input", {
      id: "token",
      type: "password",
      autocomplete: "off",
      required: true,
      "aria-describedby": "token-wrong token-note",
    });
    const made = el(
      "dialog",
      { "aria-labelledby": "token-title" },
      el("h2", { id: "token-title" }, "This model asks for a token"),
      el(
        "form",
        { method: "dialog" },
        el("div", { class: "field" }, el("label", { for: "token" }, "Token"), field, wrong),
        el("p", { class: "note", id: "token-note" }, "It is kept in this tab only, until you close it."),
        el(
          "div",
          { class: "row" },
          el("button", { class: "main" }, "Continue"),
          el("button", { type: "button", onclick: () => made.close() }, "Not now"),
        ),
      ),
    );
    made.querySelector("form").addEventListener("submit", () => made.close(field.value.trim()));
    made.addEventListener("close", () => {
      made.remove();
      if (made.returnValue) sessionStorage.setItem(KEY, made.returnValue);
      done(made.returnValue || null);
    });
    document.body.append(made);
    made.showModal();
  });
}
