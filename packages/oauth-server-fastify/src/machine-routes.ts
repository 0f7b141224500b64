import {
  deleteRegistration,
  ENDPOINT,
  introspect,
  operationsOf,
  pushAuthorizationRequest,
  readRegistration,
  registerClient,
  revoke,
  type ServerDeps,
  token,
} from '@chatelaine/oauth-server';
import { type Issuer, networkOf, OAuthError, openApiDocument, valuesOf } from '@chatelaine/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Limit, RateLimits } from '@chatelaine/oauth-server-pg';
import { countedSource } from './counted-source.ts';
import { abortSignal, acceptJson, formOf, oauthScope, refuseOtherMethods, withoutEmpty } from './http.ts';
import { isAuthenticated, requestDeps } from './request-deps.ts';
import { metadataRoutes } from './well-known.ts';

/** Version of the protocol that these endpoints speak. */
const API_VERSION = '0.1.0';

/**
 * How much a stranger may try. Counted by source (an address, or an IPv6 /64), and separately for what other sites'
 * pages make browsers there send.
 */
export interface MachineLimits {
  readonly registration: Limit;
  /** For an IPv6 /48, which has 65,536 sources. */
  readonly registrationOfNetwork: Limit;
  /** For everybody together: what is kept for strangers is bounded, however many addresses they have. */
  readonly registrationInAll: Limit;
  /** Refused requests at the token, PAR, revocation and introspection endpoints. */
  readonly refusals: Limit;
  /** Client documents and key sets fetched because of a caller. */
  readonly documents: Limit;
  /** How many of those are stored; the rest is fetched again after some seconds. */
  readonly documentKilobytes: Limit;
}

export const DEFAULT_MACHINE_LIMITS: MachineLimits = {
  registration: { name: 'register', points: 20, perSeconds: 3600 },
  registrationOfNetwork: { name: 'register-network', points: 100, perSeconds: 3600 },
  registrationInAll: { name: 'register-all', points: 2_000, perSeconds: 3600 },
  refusals: { name: 'refusal', points: 100, perSeconds: 60 },
  documents: { name: 'document', points: 120, perSeconds: 60 },
  documentKilobytes: { name: 'document-kb', points: 4_096, perSeconds: 3600 },
};

export interface MachineRoutesOptions {
  readonly deps: ServerDeps;
  readonly rateLimits: RateLimits;
  readonly limits: MachineLimits;
}

/** The endpoints that programs call: metadata, PAR, token, revocation, introspection, registration. */
export async function machineRoutes(app: FastifyInstance, options: MachineRoutesOptions): Promise<void> {
  const { deps } = options;
  await oauthScope(app);
  metadataRoutes(app, deps.config);
  const { name: title, issuer } = deps.config;
  const description = openApiDocument({ title, version: API_VERSION, issuer, operations: operationsOf(deps.config) });
  app.get(ENDPOINT.openApi, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').send(description),
  );
  refuseOtherMethods(app, ENDPOINT.openApi, ['GET']);
  await app.register(async (scope) => {
    limitRefusals(scope, { ...options, issuer: deps.config.issuer });
    formEndpoints(scope, options);
  });
  if (deps.config.registration === 'open') await app.register(async (scope) => registrationRoutes(scope, options));
}

function formEndpoints(app: FastifyInstance, options: MachineRoutesOptions): void {
  app.post(ENDPOINT.token, async (request, reply) =>
    token(requestDeps(options, request), { ...clientRequest(request), signal: abortSignal(reply) }),
  );
  app.post(ENDPOINT.pushed, async (request, reply) => {
    const answer = await pushAuthorizationRequest(requestDeps(options, request), clientRequest(request));
    return reply.code(201).send(answer); // RFC 9126 §2.2
  });
  app.post(ENDPOINT.revoke, async (request, reply) => {
    await revoke(requestDeps(options, request), clientRequest(request));
    return reply.code(200).send(''); // RFC 7009 §2.2
  });
  app.post(ENDPOINT.introspect, async (request) => introspect(requestDeps(options, request), clientRequest(request)));
  for (const path of [ENDPOINT.token, ENDPOINT.pushed, ENDPOINT.revoke, ENDPOINT.introspect])
    refuseOtherMethods(app, path, ['POST']);
}

async function registrationRoutes(
  app: FastifyInstance,
  { deps, rateLimits, limits }: MachineRoutesOptions,
): Promise<void> {
  acceptJson(app);
  app.post(ENDPOINT.register, async (request, reply) => {
    // the narrowest limit first: what one source is refused uses up nothing of the others
    const { issuer } = deps.config;
    await rateLimits.consume(limits.registration, countedSource(issuer, request));
    await rateLimits.consume(limits.registrationOfNetwork, countedSource(issuer, request, networkOf));
    await rateLimits.consume(
      limits.registrationInAll,
      countedSource(issuer, request, () => 'all'),
    );
    return reply.code(201).send(await registerClient(deps, request.body));
  });
  refuseOtherMethods(app, ENDPOINT.register, ['POST']);
  const one = `${ENDPOINT.register}/:clientId`;
  const manageInput = (request: FastifyRequest<{ Params: { clientId: string } }>) => ({
    clientId: request.params.clientId,
    authorization: request.headers.authorization,
  });
  app.get<{ Params: { clientId: string } }>(one, async (request) => readRegistration(deps, manageInput(request)));
  app.delete<{ Params: { clientId: string } }>(one, async (request, reply) => {
    await deleteRegistration(deps, manageInput(request));
    return reply.code(204).send();
  });
  refuseOtherMethods(app, one, ['GET', 'DELETE']);
}

/** Counts refused requests, so that guessing is slow. A source over its limit is refused before any work. */
export function limitRefusals(
  app: FastifyInstance,
  { rateLimits, limits, issuer }: { rateLimits: RateLimits; limits: Pick<MachineLimits, 'refusals'>; issuer: Issuer },
): void {
  const keyOf = (request: FastifyRequest): string => countedSource(issuer, request);
  app.addHook('onRequest', (request, _reply, done) => {
    rateLimits.check(limits.refusals, keyOf(request));
    done();
  });
  app.addHook('onError', async (request, _reply, error) => {
    const answer: unknown = error;
    if (!(answer instanceof OAuthError) || !COUNTED.has(answer.code) || answer.status === 429) return;
    if (isAuthenticated(request) && !BY_ANYBODY.has(answer.code)) return;
    await rateLimits.consume(limits.refusals, keyOf(request)).catch((limited: unknown) => {
      if (!(limited instanceof OAuthError)) request.log.warn({ err: limited }, 'refusal not counted');
    });
  });
}

/** Refusals that somebody who guesses collects; a Requester that merely asks for too much does not count. */
const COUNTED: ReadonlySet<string> = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_dpop_proof',
  'invalid_token',
]);

/**
 * Refusals collected by a client that has proved who it is. Its other refusals (tokens that an owner stopped, codes
 * that a stranger brought to its callback) depend on people, and all users of one service share its source: one of them
 * must not get the others refused.
 */
const BY_ANYBODY: ReadonlySet<string> = new Set(['invalid_client', 'invalid_dpop_proof']);

function clientRequest(request: FastifyRequest): Parameters<typeof pushAuthorizationRequest>[1] {
  return {
    params: withoutEmpty(formOf(request)),
    authorization: request.headers.authorization,
    dpop: valuesOf(request.raw.rawHeaders, 'dpop'),
  };
}
