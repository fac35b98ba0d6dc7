// The command that does the same as the page did.

export function curl(address, { body, type, name, source }, hasToken) {
  const token = hasToken ? ['-H "Authorization: Bearer $TOKEN"'] : [];
  const words = ["curl", ...token, `-H 'content-type: ${type}'`, sent(body, name, source), quoted(address)];
  const fetched = source ? `${["curl", "-s", ...token, quoted(source)].join(" ")} |\n` : "";
  return fetched + words.join(" \\\n  ");
}

// A text that begins with @ is a text: only --data-binary takes it for the name of a file.
function sent(body, name, source) {
  if (source) return "--data-binary @-";
  return name === undefined ? `--data-raw ${quoted(body)}` : `--data-binary ${quoted(`@${name}`)}`;
}

// For a POSIX shell: all within single quotes is itself.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
