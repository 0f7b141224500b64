import { bucketOf, hashToken, mintToken, sha256 } from '@chatelaine/crypto';
import { type FormParams, type FormResult, LIFETIME, parseForm, REQUEST_URI_PREFIX } from '@chatelaine/protocol';
import { type Client, shownAs } from '../client/client.ts';
import { resolveClient } from '../client/resolve-client.ts';
import type { ServerDeps } from '../deps.ts';
import { takesPlainClients } from '../extension.ts';
import type { AuthorizationRequest } from '../storage.ts';
import { answerUrl } from './answer-url.ts';
import { type AnsweredRequest, readAnswered } from './answered.ts';
import { checkRequest } from './check-request.ts';
import { hasRedirectUri } from './redirect-uri.ts';
import { requestHash } from './request-hash.ts';
import { REQUESTS_AT_ONCE } from './requests-at-once.ts';

/** What the authorization endpoint does with a browser that arrives. */
export type StartedAuthorization =
  /** A page says what is wrong; the browser is sent nowhere. */
  | { readonly kind: 'page'; readonly message: string }
  | { readonly kind: 'redirect'; readonly to: string }
  /** A plain request was stored; continue at the authorization endpoint with its reference. */
  | { readonly kind: 'stored'; readonly clientId: string; readonly requestUri: string }
  /** This browser has answered it already. */
  | Exclude<AnsweredRequest, { kind: 'unknown' }>
  /** The owner may now sign in and decide. */
  | Interaction;

export interface Interaction {
  readonly kind: 'interaction';
  readonly client: Client;
  readonly requestUri: string;
  readonly request: AuthorizationRequest;
  /** Until when it can be answered, epoch seconds. */
  readonly expiresAt: number;
  /** When it was asked, epoch seconds by the database's clock. */
  readonly begunAt: number;
  /** What its browser had filled in when it left the page ({@link keepForm}); null: nothing. */
  readonly kept: FormParams | null;
}

/**
 * Starts or resumes an authorization. `browser` is the secret of this browser's interaction cookie, `press` a hash of
 * the answer that it sends, null without one. OAuth 2.1 §4.1.1, RFC 9126 §4.
 */
export async function startAuthorization(
  deps: ServerDeps,
  input: { query: FormResult; browser: string; press: Buffer | null },
): Promise<StartedAuthorization> {
  const params = input.query.params;
  const clientId = params.get('client_id');
  if (clientId === undefined || repeats(input.query, ['client_id', 'redirect_uri', 'request_uri'])) {
    return page('The address of this page is not complete: it names no client, or something twice.');
  }
  const found = await resolveClient(deps, clientId);
  if (found.kind === 'unknown') return page(found.sentence);
  const requestUri = params.get('request_uri');
  const { browser, press } = input;
  if (requestUri !== undefined) return resume(deps, { client: found.client, requestUri, browser, press });
  return storePlain(deps, { client: found.client, params, query: input.query });
}

async function resume(
  deps: ServerDeps,
  input: { client: Client; requestUri: string; browser: string; press: Buffer | null },
): Promise<StartedAuthorization> {
  const { client, requestUri, browser, press } = input;
  const claimed = await deps.storage.claimRequest({
    hash: requestHash(requestUri),
    clientId: client.id,
    browserHash: sha256(browser),
    lifetimeSeconds: LIFETIME.interaction,
  });
  if (claimed.kind === 'unknown') {
    // only after the claim, which waits for an answer that is being written
    const answered = await readAnswered(deps, { clientId: client.id, requestUri, browser, press });
    return answered.kind === 'unknown' ? GONE : answered;
  }
  const { request, expiresAt, begunAt, form } = claimed;
  // the client's document may have changed since it was pushed
  if (!hasRedirectUri(client, request.redirectUri)) {
    return page('The client no longer has the redirect URI of this request.');
  }
  return {
    kind: 'interaction',
    client: shownAs(client, request.redirectUri),
    requestUri,
    request,
    expiresAt,
    begunAt,
    kept: keptIn(form),
  };
}

async function storePlain(
  deps: ServerDeps,
  input: { client: Client; params: FormParams; query: FormResult },
): Promise<StartedAuthorization> {
  const { client, params, query } = input;
  const { issuer } = deps.config;
  const checked = await checkRequest(deps, { way: 'plain', client, params, provenJkt: null });
  if (checked.kind === 'page') return page(checked.message);
  const to = checked.kind === 'valid' ? checked.request : checked;
  const refuse = (error: Parameters<typeof answerUrl>[2] & { error: string }): StartedAuthorization => ({
    kind: 'redirect',
    to: answerUrl(issuer, to, error),
  });
  if (query.kind === 'malformed') {
    // RFC 8707 §2: the only parameter that may be repeated; we accept one at a time
    const several = takesPlainClients(deps.config) && query.repeated?.every((name) => name === 'resource') === true;
    return refuse({ error: several ? 'invalid_target' : 'invalid_request', description: query.reason });
  }
  if (deps.config.pushedRequests === 'required') {
    return refuse({ error: 'invalid_request', description: 'Push the authorization request first (RFC 9126).' });
  }
  if (checked.kind === 'redirect') return refuse({ error: checked.error, description: checked.message });
  const token = mintToken('ru', bucketOf(client.id));
  const saved = await deps.storage.saveRequest({
    hash: hashToken(token),
    clientId: client.id,
    request: checked.request,
    lifetimeSeconds: LIFETIME.requestUri,
    atOnce: REQUESTS_AT_ONCE,
    guards: [],
  });
  // RFC 6749 §4.1.2.1
  if (saved.kind === 'full')
    return refuse({ error: 'temporarily_unavailable', description: 'Too many are under way.' });
  return { kind: 'stored', clientId: client.id, requestUri: `${REQUEST_URI_PREFIX}${token}` };
}

/** What its browser had filled in. */
function keptIn(form: string | null): FormParams | null {
  const parsed = form === null ? null : parseForm(form);
  return parsed?.kind === 'form' ? parsed.params : null;
}

function repeats(query: FormResult, names: readonly string[]): boolean {
  if (query.kind === 'form') return false;
  return query.repeated === null || query.repeated.some((name) => names.includes(name));
}

const GONE: StartedAuthorization = {
  kind: 'page',
  message:
    'This request has expired, was already answered, or was started in another browser. ' +
    'Go back to where you came from and start again.',
};

const page = (message: string): StartedAuthorization => ({ kind: 'page', message });
