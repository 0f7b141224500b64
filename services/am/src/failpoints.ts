/**
 * Where a test may make the AM exit (FAILPOINTS, in demo mode only): each is a moment after which something durable is
 * unfinished.
 */
export const FAILPOINTS = [
  'transfer.begun', //     the intent is written, the Host not yet called
  'transfer.answered', //  the Host has minted, the intent is still open
  'transfer.completed', // the intent is closed, the Requester has no answer
  'consent.written', //    the connection's rows are written, the authorization server's grant is not
  'code.redeemed', //      tokens are issued for a code, the Requester has no answer
  'agreement.read', //     a connection's Requester has signed, its answer is not stored
  'agreement.kept', //     an answer to an offer is stored, the Requester does not know
  'terms.proffered', //    fresh offers are in force, their owner has no answer
  'refresh.rotated', //    a stock client's refresh token is rotated, the client has no answer
  // a client or a misused code or token has ended a grant, the queue does not know yet
  'grant.ended',
  'stop.committed', //     something has ended, the queue does not know yet
  'link.answered', //      the Host has issued the link's tokens, they are not stored
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];
