/**
 * Where a test may let the Host die (FAILPOINTS, in demo mode only): something is committed, and whoever asked for it
 * has no answer.
 */
export const FAILPOINTS = ['transfer.minted', 'link.issued', 'end.committed'] as const;

export type FailpointName = (typeof FAILPOINTS)[number];
