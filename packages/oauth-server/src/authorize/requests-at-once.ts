/**
 * How many authorization requests of one client may wait for their owners. More are refused, so that no client fills
 * the table.
 */
export const REQUESTS_AT_ONCE = 10_000;
