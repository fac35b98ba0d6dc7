// The command that does the same as the page did.

export function curl(address, { body, type, name }, hasToken) {
  const words = ["curl"];
  if (hasToken) words.push('-H "Authorization: Bearer $TOKEN"');
  words.push(`-H 'content-type: ${type}'`);
  // A text that begins with @ is a text: only --data-binary takes it for the name of a file.
  words.push(name === undefined ? `--data-raw ${quoted(body)}` : `--data-binary ${quoted(`@${name}`)}`);
  words.push(quoted(address));
  return words.join(" \\\n  ");
}

// For a POSIX shell: all within single quotes is itself.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
