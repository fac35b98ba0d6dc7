// An input of each kind. What they have in common: node; read() -> {body, type}, of a file also its name
// and, of a sample, its source; or Unfit with the reason shown beside it; fill(value), with a File for what is one; clear().

import { arrayInput } from "./array.js";
import { audioInput } from "./audio.js";
import { imageInput } from "./image.js";
import { jsonInput } from "./json.js";
import { textInput } from "./text.js";

const KINDS = { json: jsonInput, text: textInput, array: arrayInput, image: imageInput, audio: audioInput };

export function inputOf(description, limits) {
  // A kind that this page does not know yet can at least be sent as JSON.
  return (KINDS[description.kind] ?? jsonInput)(description, limits);
}
