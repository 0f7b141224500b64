import {
  type ApiOperation,
  clientMetadataSchema,
  codeForm,
  DEFERRED,
  deferredForm,
  introspectionForm,
  introspectionResponseSchema,
  mintForm,
  pushedRequestForm,
  pushedResponseSchema,
  refreshForm,
  registrationResponseSchema,
  resourceCodeForm,
  resourceRefreshForm,
  resourceRequestForm,
  revocationForm,
  serverMetadataSchema,
  tokenAnswerSchema,
  transferForm,
} from '@chatelaine/protocol';
import type { ServerConfig } from './deps.ts';
import { ENDPOINT } from './endpoints.ts';
import { takesPlainClients } from './extension.ts';

const AUTHENTICATION = {
  client_id: 'https://reader.example/client.json',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: 'eyJhbGciOiJFUzI1NiJ9.…',
} as const;
const PUSHED = {
  ...AUTHENTICATION,
  response_type: 'code',
  redirect_uri: 'https://reader.example/callback',
  scope: 'transfer',
  state: 'af0ifjsldkj',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
} as const;
const TRANSFER = {
  ...AUTHENTICATION,
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'cha_ct_…',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  resource: 'https://photos.example/api',
  scope: 'entries.read',
} as const;

/** The answer to a caller that does not authenticate as it must. */
const OF_CLIENTS = ['invalid_request', 'invalid_client', 'unauthorized_client', 'invalid_dpop_proof'] as const;

const REFUSALS = [400, 401, 405, 413, 415, 429, 503] as const;

/** The endpoints of this server that programs call, for its OpenAPI document. */
export function operationsOf(config: ServerConfig): readonly ApiOperation[] {
  const atHost = config.transferScopes !== null;
  const plain = takesPlainClients(config);
  const deferring = config.grants.some(({ grantType }) => grantType === DEFERRED.grantType);
  return [
    {
      method: 'get',
      path: ENDPOINT.metadata,
      summary: 'Server metadata (RFC 8414)',
      answer: { status: 200, schema: serverMetadataSchema, description: 'What this server is and has' },
      errors: [405],
    },
    {
      method: 'post',
      path: ENDPOINT.pushed,
      summary: 'Push an authorization request (RFC 9126)',
      description:
        'Names the client, the scopes, where the answer goes, and the DPoP key that everything is to be bound to.',
      forms: plain ? [pushedRequestForm, resourceRequestForm] : [pushedRequestForm],
      codes: [...OF_CLIENTS, 'unsupported_response_type', 'invalid_scope', 'invalid_target'],
      example: PUSHED,
      answer: {
        status: 201,
        schema: pushedResponseSchema,
        description: 'Send the browser to the authorization endpoint with it',
      },
      errors: REFUSALS,
    },
    {
      method: 'post',
      path: ENDPOINT.token,
      summary: 'Redeem a code, refresh, or transfer (RFC 8693)',
      description: atHost
        ? 'A transfer comes from an AM: its link’s token as subject, a signed statement of who asks as actor. ' +
          'The token is bound to the key that the statement names.'
        : 'A transfer names a resource and scopes of a Host; the AM asks the Host, ' +
          'and the Host’s token is the answer, bound to the key of the DPoP proof.',
      forms: [
        codeForm,
        refreshForm,
        ...(plain ? [resourceCodeForm, resourceRefreshForm] : []),
        atHost ? mintForm : transferForm,
        ...(deferring ? [deferredForm] : []),
      ],
      ...(!atHost && { example: TRANSFER }),
      codes: [
        ...OF_CLIENTS,
        'invalid_grant',
        'unsupported_grant_type',
        'invalid_scope',
        'invalid_target',
        'access_denied',
        ...(atHost ? [] : (['interaction_required', 'terms_required'] as const)),
        ...(deferring ? (['authorization_pending', 'slow_down', 'expired_token'] as const) : []),
      ],
      answer: {
        status: 200,
        schema: tokenAnswerSchema,
        description: 'A relationship token, or a Host access token',
      },
      errors: atHost ? REFUSALS : [...REFUSALS, 502, 504],
    },
    {
      method: 'post',
      path: ENDPOINT.revoke,
      summary: 'Revoke a token or end a grant (RFC 7009)',
      forms: [revocationForm],
      codes: OF_CLIENTS,
      answer: { status: 200, description: 'Nothing that it stood for is alive' },
      errors: REFUSALS,
    },
    {
      method: 'post',
      path: ENDPOINT.introspect,
      summary: 'What a token of this client is good for (RFC 7662)',
      forms: [introspectionForm],
      codes: OF_CLIENTS,
      answer: { status: 200, schema: introspectionResponseSchema, description: 'Active, or not' },
      errors: REFUSALS,
    },
    ...(config.registration === 'open' ? registrationOperations() : []),
    ...(config.operations ?? []),
  ];
}

function registrationOperations(): readonly ApiOperation[] {
  const one = `${ENDPOINT.register}/{client_id}`;
  return [
    {
      method: 'post',
      path: ENDPOINT.register,
      summary: 'Register a client (RFC 7591)',
      json: clientMetadataSchema,
      codes: ['invalid_request', 'invalid_client_metadata', 'invalid_redirect_uri'],
      answer: { status: 201, schema: registrationResponseSchema, description: 'The client as it was registered' },
      errors: [400, 405, 413, 415, 429, 503],
    },
    {
      method: 'get',
      path: one,
      summary: 'Read a registration (RFC 7592)',
      security: 'bearer',
      answer: { status: 200, schema: registrationResponseSchema, description: 'The client' },
      codes: ['invalid_request'],
      errors: [400, 401, 405, 503],
    },
    {
      method: 'delete',
      path: one,
      summary: 'Delete a client and end all it was granted (RFC 7592)',
      security: 'bearer',
      answer: { status: 204, description: 'Gone' },
      codes: ['invalid_request'],
      errors: [400, 401, 405, 503],
    },
  ];
}
