// Inputs to try: one click fills them in and sends them.

import { el } from "./dom.js";
import { send } from "./http.js";

// use(value): a value for a box, or a File. Errors of fetching one go to failed(problem).
export function samplesOf(samples, use, failed) {
  if (!samples.length) return null;
  const items = samples.map((sample, i) => el("li", {}, button(sample, `Sample ${i + 1}`, use, failed)));
  return el("div", { class: "samples" }, el("h3", { class: "label" }, "Try one"), el("ul", {}, items));
}

function button(sample, fallback, use, failed) {
  const name = sample.name || fallback;
  const file = "value" in sample && sample.value !== null ? null : once(() => fetched(sample, name));
  const click = async () => {
    try {
      use(file ? await file() : sample.value);
    } catch (problem) {
      failed(problem);
    }
  };
  const words = el("span", { class: "text" }, name);
  const made = el("button", { type: "button", onclick: click }, words);
  if (file && sample.media.startsWith("image/")) picture(made, name, file);
  return made;
}

// Through `send` and not as an address of <img>: only so does the token go with it.
async function fetched({ url, media }, name) {
  const answer = await send({ path: url, binary: true });
  const file = new File([answer.body], name, { type: media });
  // Whoever is told of it as a command has no such file.
  return Object.assign(file, { source: new URL(url, document.baseURI).href });
}

// Fetched when it is first wanted, by its picture or by a click; again only after a failure.
function once(fetch) {
  let running = null;
  return () => {
    running ??= fetch().catch((problem) => {
      running = null;
      throw problem;
    });
    return running;
  };
}

// Its room is there before the picture is, so that nothing moves under a finger. (An image without an
// address would be as wide as its words.)
async function picture(made, name, file) {
  const words = [...made.childNodes];
  made.classList.add("picture");
  made.title = name;
  made.replaceChildren(el("span", { class: "room" }));
  try {
    const image = el("img", { src: URL.createObjectURL(await file()), alt: name });
    await image.decode();
    made.replaceChildren(image);
  } catch {
    made.classList.remove("picture");
    made.replaceChildren(...words);
  }
}
