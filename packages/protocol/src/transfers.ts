import { z } from 'zod';
import { LIMIT } from './lifetimes.ts';
import { errorResponseSchema, transferResponseSchema } from './tokens.ts';

/** The media type of streamed answers: one JSON object a line. */
export const NDJSON = 'application/x-ndjson';

/** Bounds of one batch call, for both sides. PROTOCOL §5. */
export const BATCH = {
  items: 200,
  idChars: 64,
  /** Of one item's id: it has to fit into a line of the answer. */
  scopeChars: 4096,
  /** 200 items, each with a statement of the Requester. */
  requestBytes: 524_288,
  /** One answer, its line end not counted. */
  lineBytes: 16_384,
} as const;

// looked up, logged and compared, so it must be the same in a database, a header and a page
const visible = z
  .string()
  .min(1)
  .regex(/^[\x21-\x7e]+$/);

/**
 * One transfer of a batch call: the parameters of hop 1, and a name for its answer. Unknown members are refused, never
 * ignored: one might name another key. PROTOCOL §3.1, §5.
 */
const transferItemSchema = z.strictObject({
  /** Chosen by the caller, unique within a call. */
  id: visible.max(BATCH.idChars),
  resource: z.string().max(LIMIT.uriChars),
  scope: z.string().max(BATCH.scopeChars),
  /** The Requester's own statement for this Host. PROTOCOL §3.6. */
  actor_token: visible.max(LIMIT.tokenChars).optional(),
  purpose: z.string().max(200).optional(),
});
export type TransferItem = z.infer<typeof transferItemSchema>;

/**
 * The JSON body of a batch call. The connection token and the proof are in headers, as at any resource. PROTOCOL §5.
 */
export const transfersRequestSchema = z.strictObject({
  transfers: z.array(transferItemSchema).min(1).max(BATCH.items),
  completion_mode: z.literal('deferred').optional(),
  client_id: visible.max(LIMIT.uriChars).optional(),
  client_assertion_type: visible.max(LIMIT.uriChars).optional(),
  client_assertion: visible.max(LIMIT.tokenChars).optional(),
});
export type TransfersRequest = z.infer<typeof transfersRequestSchema>;

const answered = { id: z.string().min(1).max(BATCH.idChars) };

/**
 * One answer: what hop 1 would have answered, and its status. `retry_after` stands for the header. PROTOCOL §3.8, §5.
 */
export const transferAnswerSchema = z.union([
  transferResponseSchema.extend({ ...answered, status: z.literal(200) }),
  errorResponseSchema.extend({
    ...answered,
    status: z.number().int().min(400).max(599),
    retry_after: z.number().int().min(0).max(86_400).optional(),
  }),
]);
export type TransferAnswer = z.infer<typeof transferAnswerSchema>;

/** All answers as one document, when the caller did not ask for a stream. */
export const transfersResponseSchema = z.object({ transfers: z.array(transferAnswerSchema).max(BATCH.items) });
export type TransfersResponse = z.infer<typeof transfersResponseSchema>;
