/** One request that a scope allows, compiled. */
export interface RequestRule {
  readonly method: string;
  readonly segments: readonly Segment[];
  /** A scope of the bridge: `<service>:<name>`. */
  readonly scope: string;
  readonly query: ReadonlySet<string>;
  readonly body: string | null;
}

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'capture'; readonly name: string };

const LINE = /^(GET|HEAD|POST|PUT|PATCH|DELETE) (\/\S*)$/;
const LITERAL = /^[A-Za-z0-9._~-]+$/;
const CAPTURE = /^\{([a-z][a-z0-9_]*)\}$/;

/** Parses `METHOD /path/{capture}`; null if it is malformed. */
export function parseRequestLine(line: string): Pick<RequestRule, 'method' | 'segments'> | null {
  const [, method, path] = LINE.exec(line) ?? [];
  if (method === undefined || path === undefined) return null;
  const segments = path.slice(1).split('/').map(parseSegment);
  return segments.every((segment) => segment !== null) ? { method, segments } : null;
}

function parseSegment(text: string): Segment | null {
  const name = CAPTURE.exec(text)?.[1];
  if (name !== undefined) return { kind: 'capture', name };
  return LITERAL.test(text) && text !== '.' && text !== '..' ? { kind: 'literal', text } : null;
}

/** Whether a request could match both, and so could not be attributed to one of them. */
export function overlap(one: RequestRule, other: RequestRule): boolean {
  if (one.method !== other.method || one.segments.length !== other.segments.length) return false;
  return one.segments.every((segment, at) => {
    const beside = other.segments[at];
    return segment.kind === 'capture' || beside?.kind !== 'literal' || beside.text === segment.text;
  });
}

export function lineOf({ method, segments }: Pick<RequestRule, 'method' | 'segments'>): string {
  const path = segments.map((segment) => (segment.kind === 'literal' ? segment.text : `{${segment.name}}`)).join('/');
  return `${method} /${path}`;
}
