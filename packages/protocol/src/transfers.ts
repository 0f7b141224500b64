import { z } from 'zod';
import { errorResponseSchema, transferResponseSchema } from './tokens.ts';
import { CLIENT_ASSERTION_TYPE } from './urns.ts';

/** The media type of streamed answers: one JSON object a line. */
export const NDJSON = 'application/x-ndjson';

/** Bounds of one mass call, for both sides. PROTOCOL §5. */
export const MASS = {
  items: 200,
  idChars: 64,
  /** 200 items with a statement of the Requester's each. */
  requestBytes: 262_144,
  /** One answer, its line end not counted. */
  lineBytes: 16_384,
} as const;

/** One transfer of a mass call: what hop 1 takes, and a name for its answer. PROTOCOL §3.1, §5. */
export const transferItemSchema = z.object({
  /** Chosen by the caller, once in a call. */
  id: z
    .string()
    .min(1)
    .max(MASS.idChars)
    .regex(/^[\x21-\x7e]+$/),
  resource: z.string(),
  scope: z.string(),
  /** The Requester's own statement for this Host. PROTOCOL §3.6. */
  actor_token: z.string().optional(),
  purpose: z.string().max(200).optional(),
});
export type TransferItem = z.infer<typeof transferItemSchema>;

/** The JSON body of a mass call. The connection token and the proof are in headers, as at any resource. PROTOCOL §5. */
export const transfersRequestSchema = z.object({
  transfers: z.array(transferItemSchema).min(1).max(MASS.items),
  completion_mode: z.literal('deferred').optional(),
  client_id: z.string().optional(),
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE).optional(),
  client_assertion: z.string().optional(),
});
export type TransfersRequest = z.infer<typeof transfersRequestSchema>;

const answered = { id: z.string().min(1).max(MASS.idChars) };

/** One answer: what hop 1 would have answered, with its status. `retry_after` stands for the header. PROTOCOL §3.8, §5. */
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
export const transfersResponseSchema = z.object({ transfers: z.array(transferAnswerSchema).max(MASS.items) });
export type TransfersResponse = z.infer<typeof transfersResponseSchema>;
