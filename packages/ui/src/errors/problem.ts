/** What a page of errors says instead of the page asked for. */
export interface ProblemOptions {
  /** Heading; default by status. */
  title?: string;
  /** Where the button leads; default the front page. */
  next?: { href: string; label: string };
  /** For the operator's log only. */
  cause?: unknown;
  /** Seconds, for `Retry-After`. */
  retryAfter?: number;
}

/**
 * An expected failure that the person at the browser is told of: throw it from any page route. The sentence says what
 * to do now.
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

/** For what does not exist and for what is not yours: the same answer. */
export function notFound(): Problem {
  return new Problem(
    404,
    'There is nothing here, or it is not yours to see. Check the address, or start again from the front page.',
  );
}
