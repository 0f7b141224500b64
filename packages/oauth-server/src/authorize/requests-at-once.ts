/**
 * Authorization requests of one client that wait for their owners: what more of them there are is refused, so that no
 * client fills the table.
 */
export const REQUESTS_AT_ONCE = 10_000;
