import {
  agreementRequestSchema,
  agreementsResponseSchema,
  type ApiOperation,
  refusalsQuerySchema,
  refusalsResponseSchema,
  targetsResponseSchema,
  transfersRequestSchema,
  transfersResponseSchema,
} from '@chatelaine/protocol';

/** Where a Requester reads what its connection may ask for. PROTOCOL §5. */
export const TARGETS_PATH = '/targets';
/** Where it asks for many tokens at once. PROTOCOL §5. */
export const TRANSFERS_PATH = '/transfers';
/** Where it asks why a request of its own was refused. PROTOCOL §3.9. */
export const REFUSALS_PATH = '/refusals';
/** Where it reads the terms that the owner proffers, and answers. PROTOCOL §10.3. */
export const AGREEMENTS_PATH = '/agreements';

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
  description:
    'Each item is a transfer of its own, with its own status and error, as POST /token would have answered it. ' +
    'The call itself is refused only where nothing of it can be looked at.',
  codes: ['invalid_request', 'invalid_client'],
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

const READ_AGREEMENT: ApiOperation = {
  method: 'get',
  path: AGREEMENTS_PATH,
  summary: 'The terms that the owner proffers to this connection',
  security: 'dpop',
  answer: {
    status: 200,
    schema: agreementsResponseSchema,
    description: 'The signed offer, and the signed answer where there is one; empty where no terms are proffered',
  },
  errors: [401, 405, 503],
};

const AGREE: ApiOperation = {
  method: 'post',
  path: AGREEMENTS_PATH,
  summary: 'Accepts or declines them',
  codes: ['invalid_request', 'invalid_client'],
  security: 'dpop',
  json: agreementRequestSchema,
  answer: {
    status: 200,
    schema: agreementsResponseSchema,
    description: 'The same as read: the record that both sides keep',
  },
  errors: [400, 401, 405, 409, 413, 415, 429, 503],
};

const REFUSALS: ApiOperation = {
  method: 'get',
  path: REFUSALS_PATH,
  summary: 'Why was my request refused?',
  description:
    'Explains what this connection was refused within the last seven days, by the request_id of the error: what the ' +
    'error said, what would change it, and nothing that the error did not tell. A batch call has an entry for each ' +
    'refused item. A request_id of somebody else’s, an unknown one and one of long ago have none.',
  codes: ['invalid_request'],
  security: 'dpop',
  query: refusalsQuerySchema,
  answer: {
    status: 200,
    schema: refusalsResponseSchema,
    description: 'What was refused of that request, each with what to do about it',
  },
  errors: [400, 401, 405, 503],
};

/** This AM's operations in addition to those of the authorization server. */
export const OPERATIONS: readonly ApiOperation[] = [TARGETS, TRANSFERS, REFUSALS, READ_AGREEMENT, AGREE];
