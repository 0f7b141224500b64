import { COLUMNS, TOKENS } from './tokens.ts';

/** The same source with its comments wrapped to {@link COLUMNS}; nothing else is changed. */
export function wrapComments(source: string): string {
  let out = '';
  for (const [token] of source.matchAll(TOKENS)) {
    if (!token.startsWith('//') && !token.startsWith('/*')) {
      out += token;
      continue;
    }
    const lineStart = out.lastIndexOf('\n') + 1;
    const before = out.slice(lineStart);
    const longest = Math.max(...`${before}${token}`.split('\n').map((line) => line.length));
    if (longest <= COLUMNS) out += token;
    else if (before.trim() === '') out += wrapped(token, before);
    else if (token.startsWith('//')) {
      // a comment behind code moves above it
      const indent = /^\s*/.exec(before)?.[0] ?? '';
      out = `${out.slice(0, lineStart)}${indent}${wrapped(token, indent)}\n${before.trimEnd()}`;
    } else out += token;
  }
  return out;
}

function wrapped(comment: string, indent: string): string {
  if (comment.startsWith('//')) return fill([comment.slice(2).trim()], `${indent}// `).trimStart();
  const inner = comment.slice(comment.startsWith('/**') ? 3 : 2, -2);
  const open = comment.startsWith('/**') ? '/**' : '/*';
  const lines = inner.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  while (lines[0]?.trim() === '') lines.shift();
  while (lines.at(-1)?.trim() === '') lines.pop();
  return `${open}\n${fill(
    lines.map((line, index) => (index === 0 ? line.trimStart() : line)),
    `${indent} * `,
  )}\n${indent} */`;
}

/** Moves what is too long to the next line, and pushes the words there on, within the same paragraph. */
function fill(lines: readonly string[], prefix: string): string {
  const out: string[] = [];
  let rest = '';
  for (const line of lines) {
    const startsAnew = line.trim() === '' || /^\s*([-*@]|\d+\.)\s|^\s*@|^ {2,}/.test(line);
    if (rest !== '' && startsAnew) {
      out.push(rest);
      rest = '';
    }
    let text: string = rest === '' ? line : `${rest} ${line.trimStart()}`;
    rest = '';
    while (prefix.length + text.length > COLUMNS) {
      const cut = text.lastIndexOf(' ', COLUMNS - prefix.length);
      const indentOfText = text.length - text.trimStart().length;
      if (cut <= indentOfText) break;
      const tail = text.slice(cut + 1);
      out.push(text.slice(0, cut));
      text = tail;
      rest = tail;
    }
    if (rest === '') out.push(text);
    else if (prefix.length + rest.length > COLUMNS) {
      out.push(rest);
      rest = '';
    }
  }
  if (rest !== '') out.push(rest);
  return out.map((line) => `${prefix}${line}`.trimEnd()).join('\n');
}
