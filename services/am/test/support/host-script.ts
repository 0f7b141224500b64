import type { Received } from './checks.ts';

/** Hop 2 as the Host receives it. */
export interface Hop extends Received {
  /** The claims of the statement, if it was valid; otherwise empty. */
  readonly statement: Readonly<Record<string, unknown>>;
}

export type Reply =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly body?: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is closed without an answer. */
  | 'reset';

export interface Minted {
  readonly token: string;
  readonly clientId: string;
  /** Null for a bearer token. */
  readonly jkt: string | null;
  readonly scope: string;
  readonly grantId: string;
}

export interface Script {
  /** Answers hop 2 after the Host's own checks; `mint` makes the good answer. */
  transfer?: (hop: Hop, mint: () => Record<string, unknown>) => Reply | Promise<Reply>;
  refresh?: (call: Received, renew: () => Record<string, unknown>) => Reply | Promise<Reply>;
  revoke?: (call: Received) => Reply | Promise<Reply>;
  /** Answers the code grant; `link` makes the good answer. */
  redeem?: (call: Received, link: () => Record<string, unknown>) => Reply | Promise<Reply>;
  /** Changes the Host's metadata. */
  metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
}
export const SCOPES = {
  'photos.read': 'See your photos',
  'photos.write': 'Add photos',
  'albums.read': 'See your albums',
  'albums.write': 'Change your albums',
  'faces.read': 'See who is on them',
};
