// A sound: from a file, or from a microphone where the browser lets a page hear one.

import { el, speak } from "./dom.js";
import { fileField } from "./files.js";
import { asWav } from "./wav.js";

export function audioInput({ title, help, media, limits }, { max_body: most }) {
  const accept = media.filter((type) => type.startsWith("audio/")).join();
  const preview = (file, address) => [el("audio", { src: address, controls: true, "aria-label": `The chosen sound, ${file.name}` })];
  return fileField({
    label: title || "Sound",
    help,
    what: "a sound",
    accept,
    most,
    preview,
    more: (take, tell) => recorder(limits.max_seconds, take, tell),
  });
}

// Only https and localhost have a microphone: elsewhere there is no button for it.
function recorder(most, take, tell) {
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return [];
  const button = el("button", { type: "button" }, "Record");
  let recording = null;
  button.addEventListener("click", async () => {
    if (recording) return recording.stop();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      tell("");
      recording = record(stream, most, (seconds) => (button.textContent = `Stop · ${seconds} s`));
      speak("Recording");
      take(await asWav(await recording.done, "recording.wav"));
    } catch (error) {
      tell(error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone." : `No sound could be recorded: ${error.message}`);
    } finally {
      recording = null;
      button.textContent = "Record";
    }
  });
  return [button];
}

function record(stream, most, tick) {
  const machine = new MediaRecorder(stream);
  const parts = [];
  let seconds = 0;
  tick(0);
  const clock = setInterval(() => {
    seconds += 1;
    tick(seconds);
    if (seconds >= most) machine.stop();
  }, 1000);
  const done = new Promise((end) => {
    machine.ondataavailable = (event) => parts.push(event.data);
    machine.onstop = () => {
      clearInterval(clock);
      stream.getTracks().forEach((track) => track.stop());
      end(new Blob(parts, { type: machine.mimeType }));
    };
  });
  machine.start();
  return { done, stop: () => machine.state !== "inactive" && machine.stop() };
}
