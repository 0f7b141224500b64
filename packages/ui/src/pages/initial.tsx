import type { VNode } from 'preact';

const COLOURS = 6;
const SEGMENTS = new Intl.Segmenter('en');

/**
 * A drawn letter beside a name, in a colour of its own that is the same wherever `of` is shown; nothing to screen
 * readers.
 */
export function Initial({ name, of }: { name: string; of: string }): VNode {
  const [first] = SEGMENTS.segment(name.trim().toUpperCase());
  return (
    <span class={`initial hue-${hueOf(of)}`} aria-hidden="true">
      {first?.segment ?? '?'}
    </span>
  );
}

function hueOf(text: string): number {
  let sum = 0;
  for (const char of text) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % COLOURS;
}
