/** One Host of the farm: the same data behind both kinds of server. */
export interface FarmHost {
  readonly name: string;
  /** A Host with host-kit. */
  readonly host: Origin;
  /** An ordinary authorization server and its API: oidc-provider. */
  readonly plain: Origin;
}

export interface Origin {
  readonly port: number;
  readonly url: string;
}

export const SCOPE = 'entries.read';
export const ENTRY = { text: 'the entry' };
