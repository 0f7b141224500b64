import type { StockWorld, Tokens } from './requester.ts';

/** Where an app lives that knows of the AM only that it gives the tokens for a resource. */
export interface PlainWorld extends StockWorld {
  readonly resource: string;
}

/** An app made of somebody else's OAuth library, which has never heard of token exchange. PROTOCOL §6. */
export interface PlainClient {
  readonly name: string;
  /** Where the browser goes. */
  start(scope: string): Promise<URL>;
  finish(callback: URL): Promise<Tokens>;
  /** GET at the Host with the token it has. */
  call(url: string): Promise<{ status: number; json: unknown }>;
  refresh(): Promise<Tokens>;
}
