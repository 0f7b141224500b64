import type { StockWorld, Tokens } from './requester.ts';

/** The environment of an app for which the AM is merely the authorization server of a resource. */
export interface PlainWorld extends StockWorld {
  readonly resource: string;
}

/** An app built on a third-party OAuth library, without token exchange. PROTOCOL §6. */
export interface PlainClient {
  readonly name: string;
  /** The authorization URL. */
  start(scope: string): Promise<URL>;
  finish(callback: URL): Promise<Tokens>;
  /** GET at the Host with its current token. */
  call(url: string): Promise<{ status: number; json: unknown }>;
  refresh(): Promise<Tokens>;
}
