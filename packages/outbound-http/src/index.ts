export type { Answer, AnswerHeaders } from './exchange.ts';
export { type Deadline, deadlineIn, startDeadline } from './deadline.ts';
export { describeException, type ExceptionsResult, type OutboundException, parseExceptions } from './exceptions.ts';
export type { FetchJsonInput, JsonDocument } from './fetch-json.ts';
export type {
  OutboundFetch,
  OutboundPost,
  OutboundStream,
  OutboundInit,
  PostInput,
  Streamed,
} from './outbound-fetch.ts';
export { createOutbound, type Outbound, type OutboundOptions, type UrlCheck } from './outbound.ts';
export { type FailureReason, OutboundError } from './outbound-error.ts';
export type { Resolve, ResolvedAddress } from './resolve.ts';
export { ownRanges } from './own-ranges.ts';
