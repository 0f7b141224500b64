import type { ErrorResponse } from '@chatelaine/protocol';

/** A refusal that the AM may explain: `explain` asks it, within seven days. PROTOCOL §3.9. */
export interface Explainable {
  /** Which request of the app's it was; none where there is nothing to explain. */
  readonly requestId?: string;
}

/** The request that an error names. */
export const requestOfError = ({ request_id: requestId }: ErrorResponse): Explainable =>
  requestId === undefined ? {} : { requestId };
