// Words that the field's words have replaced, and that must not come back as names (docs/protocol.md, "Glossary").

/** Each with its replacement. */
const BANNED = new Map([
  ['chassis', 'telemetry, ui, service-kit, keys or accounts'],
  ['facade', 'stock clients'],
  ['landscape', 'deployment'],
  ['house', 'deployment'],
  ['town', 'deployment'],
  ['mass', 'batch transfer'],
  ['dying', 'failing'],
  ['doubt', 'mint state, or unconfirmed'],
  ['spoil', 'invalidate'],
  ['spoiled', 'invalidated'],
  ['half', 'combined registration, pending link, or partial'],
  ['halves', 'connection and link'],
  ['seal', 'encrypt'],
  ['seals', 'encrypts'],
  ['sealed', 'encrypted'],
  ['sealing', 'encryption'],
  ['unseal', 'decrypt'],
  ['reseal', 'reencrypt'],
]);
/** Words that are banned only as a pair. */
const BANNED_PAIRS = new Map([
  ['left alone', 'circuit opened'],
  ['let go', 'released, or closed while draining'],
  ['way out', 'outbound'],
]);

/** Terms of other fields, the name of a table and form field, and that of columns. */
const ALLOWED = /half_?open|half_?load|\bhost_half\b|^sealed$/gi;

/** `leftAloneFor` → left, alone, for; `HOUSE_NAME` → deployment, name; `mass-line` → mass, line. */
const wordsOf = (name: string): string[] =>
  name
    .replace(ALLOWED, '')
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/** What is wrong with a name, as the end of a sentence; null if nothing is. */
export function wordProblem(name: string): string | null {
  const words = wordsOf(name);
  for (const [index, word] of words.entries()) {
    const pair = `${word} ${words[index + 1] ?? ''}`;
    const instead = BANNED.get(word) ?? BANNED_PAIRS.get(pair);
    if (instead !== undefined) return `${name} has a word of our own in it; say: ${instead}.`;
  }
  return null;
}
