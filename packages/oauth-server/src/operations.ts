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
      forms: plain ? [pushedRequestForm, resourceRequestForm] : [pushedRequestForm],
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
      forms: [
        codeForm,
        refreshForm,
        ...(plain ? [resourceCodeForm, resourceRefreshForm] : []),
        atHost ? mintForm : transferForm,
        ...(deferring ? [deferredForm] : []),
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
      answer: { status: 200, description: 'Nothing that it stood for is alive' },
      errors: REFUSALS,
    },
    {
      method: 'post',
      path: ENDPOINT.introspect,
      summary: 'What a token of this client is good for (RFC 7662)',
      forms: [introspectionForm],
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
      answer: { status: 201, schema: registrationResponseSchema, description: 'The client as it was registered' },
      errors: [400, 405, 413, 415, 429, 503],
    },
    {
      method: 'get',
      path: one,
      summary: 'Read a registration (RFC 7592)',
      security: 'bearer',
      answer: { status: 200, schema: registrationResponseSchema, description: 'The client' },
      errors: [401, 405, 503],
    },
    {
      method: 'delete',
      path: one,
      summary: 'Delete a client and end all it was granted (RFC 7592)',
      security: 'bearer',
      answer: { status: 204, description: 'Gone' },
      errors: [401, 405, 503],
    },
  ];
}
