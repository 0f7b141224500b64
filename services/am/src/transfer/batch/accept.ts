import { NDJSON } from '@chatelaine/protocol';

/**
 * Whether the caller would rather have lines than a document: they name NDJSON, and name nothing that includes JSON with a greater weight. What
 * neither fits gets the document (RFC 9110 §12.5.1 leaves that to the server).
 */
export function prefersLines(accept: string | undefined): boolean {
  const ranges = (accept ?? '*/*').split(',').map(readRange);
  const weightOf = (...names: readonly string[]): number => {
    // the most specific range counts
    for (const name of names) {
      const found = ranges.find((range) => range.name === name);
      if (found !== undefined) return found.weight;
    }
    return 0;
  };
  const lines = weightOf(NDJSON);
  return lines > 0 && lines >= weightOf('application/json', 'application/*', '*/*');
}

function readRange(text: string): { name: string; weight: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (weight === undefined) return { name, weight: 1 };
  return { name, weight: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0 };
}
