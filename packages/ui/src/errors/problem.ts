/** The contents of the page that reports a {@link Problem}. */
export interface ProblemOptions {
  /** Heading; by default one for the status. */
  title?: string;
  /** Target of the button; by default the front page. */
  next?: { href: string; label: string };
  /** For the operator's log alone. */
  cause?: unknown;
  /** In seconds, for `Retry-After`. */
  retryAfter?: number;
}

/**
 * An expected failure to be shown to the person at the browser; any page route may throw it. The sentence says what
 * they can do now.
 */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly title: string | undefined;
  readonly next: ProblemOptions['next'];
  readonly retryAfter: number | undefined;

  constructor(status: number, sentence: string, options: ProblemOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.title = options.title;
    this.next = options.next;
    this.retryAfter = options.retryAfter;
  }
}

/** The same answer for what does not exist and for what is somebody else's. */
export function notFound(): Problem {
  return new Problem(
    404,
    'There is nothing here, or it is not yours to see. Check the address, or start again from the front page.',
  );
}
