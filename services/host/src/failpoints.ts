/**
 * Where a test may make the Host exit (FAILPOINTS, in demo mode only): each is a moment after which something is
 * committed and the caller has no answer.
 */
export const FAILPOINTS = ['transfer.minted', 'link.issued', 'end.committed'] as const;

export type FailpointName = (typeof FAILPOINTS)[number];
