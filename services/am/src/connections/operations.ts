import {
  type ApiOperation,
  targetsResponseSchema,
  transfersRequestSchema,
  transfersResponseSchema,
} from '@chatelaine/protocol';

/** Where a Requester reads what its connection may ask for. PROTOCOL §5. */
export const TARGETS_PATH = '/targets';
/** Where it asks for many tokens at once. PROTOCOL §5. */
export const TRANSFERS_PATH = '/transfers';

const TARGETS: ApiOperation = {
  method: 'get',
  path: TARGETS_PATH,
  summary: 'What this connection may ask for',
  security: 'dpop',
  answer: {
    status: 200,
    schema: targetsResponseSchema,
    description: "The Hosts shown to it, with each scope's answer now",
  },
  errors: [401, 405, 503],
};

const TRANSFERS: ApiOperation = {
  method: 'post',
  path: TRANSFERS_PATH,
  summary: 'Many transfers in one call',
  security: 'dpop',
  json: transfersRequestSchema,
  answer: {
    status: 200,
    schema: transfersResponseSchema,
    description:
      'An answer to each, in the order of the request; with Accept: application/x-ndjson one a line, as they come',
  },
  errors: [400, 401, 405, 413, 415, 429, 503],
};

/** What this AM has beside the kernel's endpoints. */
export const OPERATIONS: readonly ApiOperation[] = [TARGETS, TRANSFERS];
