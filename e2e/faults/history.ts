/** Milliseconds of a monotonic clock. */
export type Moment = number;

export const now = (): Moment => performance.now();

/** What a client saw of one request, from before it was sent until its response was read. */
export interface Seen {
  readonly begin: Moment;
  readonly end: Moment;
  readonly outcome: Outcome;
}

export type Outcome =
  | { readonly kind: 'ok'; readonly json: Readonly<Record<string, unknown>> }
  /** 4xx: a decision. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: string }
  /** 502, 503 or 504 with an OAuth error, as the protocol promises. */
  | { readonly kind: 'unavailable'; readonly status: number }
  /** The connection broke or was refused: whether the request took effect is unknown. */
  | { readonly kind: 'unknown' }
  /** A response that must never occur. */
  | { readonly kind: 'broken_promise'; readonly what: string };

/** A connection from its client's view: it exists from the moment at which a 200 for its code was read. */
export interface HeldConnection {
  readonly name: string;
  readonly owner: string;
  readonly clientId: string;
  /** Identifies it here and in the tables: the connection token, or a stock client's first refresh token. */
  readonly token: string;
}

export interface Transfer extends Seen {
  readonly connection: HeldConnection;
  readonly resource: string;
}

/** A refresh token that a stock client presented once. */
export interface Refresh extends Seen {
  readonly connection: HeldConnection;
  /**
   * Until when the token must be accepted: indefinitely until it is first presented, and then for the lifetime of an
   * access token.
   */
  readonly servedUntil: Moment;
}

export interface Call extends Seen {
  readonly connection: HeldConnection;
  readonly resource: string;
  /** When the token was handed out. `expiresIn` is its lifetime. */
  readonly handedOut: Moment;
  readonly expiresIn: number;
}

export interface Stop {
  readonly connection: HeldConnection;
  readonly begin: Moment;
  readonly end: Moment;
  readonly outcome: 'ok' | 'unknown';
}

export type Decision = 'accepted' | 'declined';

/** Terms that an owner put in force for a connection, at consent or later. */
export interface Offer {
  readonly connection: HeldConnection;
  readonly begin: Moment;
  readonly end: Moment;
  /** `unknown`: they may be in force. */
  readonly outcome: 'ok' | 'unknown';
}

/** A call of the agreements endpoint about one offer. */
export interface Agreement extends Seen {
  readonly connection: HeldConnection;
  /** The offer as it was sent. */
  readonly proffer: string;
  /** When the client received that offer. */
  readonly given: Span;
  /** The decision that was signed and sent; null when the client only read the offer. */
  readonly decision: Decision | null;
}

/** A code, and all responses to it. */
export interface Redemption {
  readonly code: string;
  readonly client: string;
  readonly answers: readonly Outcome[];
  /**
   * Whether one of the uses must yield tokens. Where a second use ends what the first yields, all of several concurrent
   * ones may come away with nothing.
   */
  readonly yields: 'once' | 'at most once';
}

/** How long a Host still accepted a token after its stop was answered. */
export interface Refusal {
  readonly begin: Moment;
  readonly end: Moment;
  readonly resource: string;
}

/** A fault that was injected, until it was repaired. */
export interface Fault {
  readonly what: string;
  readonly begin: Moment;
  readonly end: Moment;
}

export interface Span {
  readonly begin: Moment;
  readonly end: Moment;
}

/** Everything the clients saw, in no particular order. */
export interface History {
  readonly connections: HeldConnection[];
  readonly transfers: Transfer[];
  readonly refreshes: Refresh[];
  readonly calls: Call[];
  readonly stops: Stop[];
  /** The stops that happened during many transfers of their connection. */
  readonly racedStops: HeldConnection[];
  readonly redemptions: Redemption[];
  readonly offers: Offer[];
  /** A new version, adopted for all connections of an owner that had the old one. */
  readonly adoptions: (Span & { readonly owner: string })[];
  readonly agreements: Agreement[];
  /** Offers that were put in force during many transfers of their connection. */
  readonly racedAdoptions: HeldConnection[];
  readonly refusals: Refusal[];
  /** Links whose owner was shown that they were made. */
  readonly links: { readonly id: string; readonly owner: string; readonly host: string }[];
  readonly faults: Fault[];
  /** From the crash of the database until the beginning of its restart. */
  readonly withoutDatabase: Span[];
  /** Violations that were evident at once. */
  readonly violations: string[];
}

export const createHistory = (): History => ({
  connections: [],
  transfers: [],
  refreshes: [],
  calls: [],
  stops: [],
  racedStops: [],
  redemptions: [],
  offers: [],
  adoptions: [],
  agreements: [],
  racedAdoptions: [],
  refusals: [],
  links: [],
  faults: [],
  withoutDatabase: [],
  violations: [],
});
