import type { VNode } from 'preact';

const COLOURS = 6;
const SEGMENTS = new Intl.Segmenter('en');

interface InitialView {
  readonly name: string;
  readonly of: string;
  /** Path of a picture at this service, to be shown instead. */
  readonly picture?: string | null;
}

/**
 * A picture beside a name or, without one, its first letter, whose colour depends on `of` and so is the same
 * everywhere. Hidden from screen readers.
 */
export function Initial({ name, of, picture = null }: InitialView): VNode {
  if (picture !== null) return <img class="initial" src={picture} alt="" width={37} height={37} />;
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
