// Recorded sound as WAV, which every server can read: browsers record in formats of their own.

// A blob of whatever the browser records -> a WAV file of one channel, 16 bits a frame.
export async function asWav(recorded, name) {
  const context = new AudioContext();
  try {
    const decoded = await context.decodeAudioData(await recorded.arrayBuffer());
    return new File([header(decoded.length, decoded.sampleRate), frames(decoded)], name, { type: "audio/wav" });
  } finally {
    await context.close();
  }
}

function header(count, rate) {
  const view = new DataView(new ArrayBuffer(44));
  const word = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // the length of what follows
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes a frame
  view.setUint16(34, 16, true); // bits a sample
  word(36, "data");
  view.setUint32(40, 2 * count, true);
  return view;
}

function frames(decoded) {
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, i) => decoded.getChannelData(i));
  const view = new DataView(new ArrayBuffer(2 * decoded.length));
  for (let i = 0; i < decoded.length; i += 1) {
    const mean = channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length;
    view.setInt16(2 * i, Math.max(-1, Math.min(1, mean)) * 32767, true);
  }
  return view;
}
