// A picture: from a file, from the clipboard, or from a phone's camera.

import { fileField } from "./files.js";
import { el } from "./dom.js";

export function imageInput({ title, help, media, limits, ui }, { max_body: most }) {
  // Phones turn their own formats into one of these, where the types are said one by one.
  const accept = media.filter((type) => type.startsWith("image/")).join();
  const camera = (take) => {
    if (!ui.camera) return [];
    const lens = el("input", { type: "file", accept, capture: "environment", hidden: true, "aria-hidden": "true", tabindex: "-1" });
    lens.addEventListener("change", () => lens.files[0] && take(lens.files[0]));
    return [el("button", { type: "button", class: "camera", onclick: () => lens.click() }, "Take a picture"), lens];
  };
  return fileField({ label: title || "Picture", help, what: "a picture", accept, most, more: camera, preview: shown(limits) });
}

const shown = (limits) => (file, address, tell) => {
  const image = el("img", { src: address, alt: `The chosen picture, ${file.name}` });
  image.addEventListener("load", () => {
    const pixels = image.naturalWidth * image.naturalHeight;
    if (pixels <= limits.max_pixels) return;
    tell(`The picture has ${image.naturalWidth} × ${image.naturalHeight} pixels; at most ${limits.max_pixels.toLocaleString("en")} are taken.`);
  });
  // It may still be one that the server can read, so it can be sent all the same.
  image.addEventListener("error", () => image.replaceWith(el("p", { class: "hint" }, "This browser cannot show it.")));
  return [image];
};
