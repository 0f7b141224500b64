/** Milliseconds of a clock that only goes forward. */
export type Moment = number;

export const now = (): Moment => performance.now();

/** What a client saw of one request, from before it was sent until after its answer was read. */
export interface Seen {
  readonly begin: Moment;
  readonly end: Moment;
  readonly outcome: Outcome;
}

export type Outcome =
  | { readonly kind: 'ok'; readonly json: Readonly<Record<string, unknown>> }
  /** A 4xx: a decision. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: string }
  /** 502, 503 or 504 with an OAuth error, as promised. */
  | { readonly kind: 'unavailable'; readonly status: number }
  /** The connection broke, or nobody was there: it may have happened or not. */
  | { readonly kind: 'unknown' }
  /** What must never be answered. */
  | { readonly kind: 'broken_promise'; readonly what: string };

/** A connection as its client knows it: it exists from the moment a 200 for its code was read. */
export interface HeldConnection {
  readonly name: string;
  readonly owner: string;
  readonly clientId: string;
  /** What it is known by here and in the tables: the connection token, or a stock client's first refresh token. */
  readonly token: string;
}

export interface Transfer extends Seen {
  readonly connection: HeldConnection;
  readonly resource: string;
}

/** A refresh token of a stock client, shown once. */
export interface Refresh extends Seen {
  readonly connection: HeldConnection;
  /** Until when it must be served: no end before it was first shown, from then on as long as an access token lives. */
  readonly servedUntil: Moment;
}

export interface Call extends Seen {
  readonly connection: HeldConnection;
  readonly resource: string;
  /** When the token was handed out, and for how long. */
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

/** Terms that an owner has put in force for a connection, by consent or later. */
export interface Offer {
  readonly connection: HeldConnection;
  readonly begin: Moment;
  readonly end: Moment;
  /** `unknown`: perhaps they did. */
  readonly outcome: 'ok' | 'unknown';
}

/** A call of the agreements endpoint about one offer. */
export interface Agreement extends Seen {
  readonly connection: HeldConnection;
  /** Which offer: the text of it. */
  readonly proffer: string;
  /** When the client was given that offer. */
  readonly given: Span;
  /** What was signed and sent; null: it only read. */
  readonly decision: Decision | null;
}

/** A code, and everything that was answered to it. */
export interface Redemption {
  readonly code: string;
  readonly client: string;
  readonly answers: readonly Outcome[];
  /**
   * Whether somebody must get tokens for it. Where a second use ends what the first yields, several at once may all
   * come away with nothing.
   */
  readonly yields: 'once' | 'at most once';
}

/** How long a token still opened its Host after the answer to its stop. */
export interface Refusal {
  readonly begin: Moment;
  readonly end: Moment;
  readonly resource: string;
}

/** Something that was broken on purpose, until it worked again. */
export interface Fault {
  readonly what: string;
  readonly begin: Moment;
  readonly end: Moment;
}

export interface Span {
  readonly begin: Moment;
  readonly end: Moment;
}

/** Everything the clients saw, in no special order. */
export interface History {
  readonly connections: HeldConnection[];
  readonly transfers: Transfer[];
  readonly refreshes: Refresh[];
  readonly calls: Call[];
  readonly stops: Stop[];
  /** Those of them that came in the middle of many transfers of their connection. */
  readonly racedStops: HeldConnection[];
  readonly redemptions: Redemption[];
  readonly offers: Offer[];
  /** A new version, for whichever of an owner's connections had the old one. */
  readonly adoptions: (Span & { readonly owner: string })[];
  readonly agreements: Agreement[];
  /** Offers that were put in force in the middle of many transfers of their connection. */
  readonly racedAdoptions: HeldConnection[];
  readonly refusals: Refusal[];
  /** Ids of links that the owner was shown as made. */
  readonly links: { readonly id: string; readonly owner: string; readonly host: string }[];
  readonly faults: Fault[];
  /** From when the database was gone until somebody began to bring it back. */
  readonly withoutDatabase: Span[];
  /** What was wrong already when it happened. */
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
