import { parseSync } from '@swc/core';

/**
 * Every identifier in the code of a TypeScript source; words in comments, strings and the text of pages do not count.
 */
export function identifiersOf(file: string, source: string): ReadonlySet<string> {
  const tree = parseSync(source, {
    syntax: 'typescript',
    tsx: !file.endsWith('.ts'),
    decorators: true,
    target: 'es2024',
  });
  const names = new Set<string>();
  collect(tree, names);
  return names;
}

function collect(node: unknown, names: Set<string>): void {
  if (Array.isArray(node)) {
    for (const each of node) collect(each, names);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { type, value } = node as { type?: unknown; value?: unknown };
  if ((type === 'Identifier' || type === 'PrivateName') && typeof value === 'string') names.add(value);
  for (const child of Object.values(node)) collect(child, names);
}
