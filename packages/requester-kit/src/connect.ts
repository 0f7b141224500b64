import { generateSigningKey, randomId, sha256base64url } from '@chatelaine/crypto';
import {
  type AuthorizationStarted,
  type Failure,
  finishAuthorization,
  type Obtained,
  startAuthorization,
  stateOfCallback,
} from '@chatelaine/oauth-client';
import { issuerFromAddress, LIFETIME, type ServerMetadata } from '@chatelaine/protocol';
import { asClient, identityAt, isIdentity, registerAt } from './identity.ts';
import type { Kit } from './options.ts';
import { openState, sealConnection, sealState } from './secrets.ts';
import { NOTHING_SHARED, share, type ShareAsHost } from './share-as-host.ts';

export interface ConnectInput {
  /** The signed-in person, as the app names them. */
  readonly owner: string;
  /** The browser session, when the app has such: the callback must come back to this one. */
  readonly session?: string;
  /** What the person typed: `am.example`, `https://am.example`. */
  readonly am: string;
  /** When the person ticked "and share what I have here": lets the Host that the app is, too, grant the AM a link. PROTOCOL §2.3. */
  readonly shareAsHost?: ShareAsHost;
}

/** `sentence` is fit for a page; `reason` is for the log. */
export interface NotConnected {
  readonly kind: 'failed';
  readonly sentence: string;
  readonly reason: string;
}

export type ConnectOutcome = { readonly kind: 'redirect'; readonly redirectTo: string } | NotConnected;

/** Starts a connection: discovers the AM, pushes the request, says where the browser goes. PROTOCOL §2.1. */
export async function connect(kit: Kit, input: ConnectInput): Promise<ConnectOutcome> {
  const issuer = issuerFromAddress(input.am, kit.schemes);
  if (issuer === null) return failed('This is not the address of a service.', 'bad address');
  const found = await kit.discovery.discover({ issuer, role: 'am' });
  if (found.kind === 'failed') return failed(found.sentence, found.detail ?? found.reason);
  const server = found.metadata;
  const client = await identityAt(kit, server);
  if (!isIdentity(client)) return notStarted(client);
  const dpopKey = generateSigningKey('ES256');
  const shared = input.shareAsHost === undefined ? NOTHING_SHARED : await share(kit, server, input.shareAsHost);
  if (shared.kind === 'refused') return failed(shared.sentence, 'host grant refused');
  const request = { server, redirectUri: kit.redirectUri, dpopKey, ...shared.request };
  let started = await startAuthorization(kit, { ...request, client });
  let { clientId } = client;
  if (isForgotten(started) && kit.registration.kind === 'dynamic') {
    const renewed = await registerAt(kit, server, kit.registration.store);
    if (!isIdentity(renewed)) return notStarted(renewed);
    ({ clientId } = renewed);
    started = await startAuthorization(kit, { ...request, client: renewed });
  }
  if (started.kind !== 'ok') return notStarted(started);
  const key = { stateHash: sha256base64url(started.state), owner: input.owner, session: input.session ?? '' };
  const sealed = sealState(kit, key, { state: started.state, verifier: started.verifier, dpopKey });
  await kit.store.putState({ ...key, am: server.issuer, clientId, sealed }, LIFETIME.interaction);
  return { kind: 'redirect', redirectTo: started.authorizationUrl };
}

function isForgotten(started: AuthorizationStarted | Failure): boolean {
  return started.kind === 'oauth_error' && started.error.error === 'invalid_client';
}

export interface CallbackInput {
  readonly owner: string;
  readonly session?: string;
  /** The URL the browser came to, or its query alone. */
  readonly url: string;
}

export type CallbackOutcome =
  | { readonly kind: 'connected'; readonly connectionId: string }
  /** Not the answer to anything this owner started here: nothing was sent anywhere. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** The owner or the AM said no. */
  | { readonly kind: 'denied'; readonly sentence: string }
  | NotConnected;

/**
 * Ends what {@link connect} started. The state is taken once, and only by the owner and session that started: a missing, repeated,
 * expired or foreign one never leads to a token call. PROTOCOL §2.1, RFC 9700 §4.7.
 */
export async function callback(kit: Kit, input: CallbackInput): Promise<CallbackOutcome> {
  const query = queryOf(input.url);
  const state = stateOfCallback(query);
  if (state === null) return refused();
  const key = { stateHash: sha256base64url(state), owner: input.owner, session: input.session ?? '' };
  const row = await kit.store.takeState(key);
  if (row === null) return refused();
  const secrets = openState(kit, row);
  const found = await kit.discovery.discover({ issuer: row.am, role: 'am' });
  if (found.kind === 'failed') return failed(found.sentence, found.detail ?? found.reason);
  const finished = await finishAuthorization(kit, {
    server: found.metadata,
    client: asClient(kit, row.clientId),
    redirectUri: kit.redirectUri,
    relationship: 'connection',
    query,
    ...secrets,
  });
  switch (finished.kind) {
    case 'ok':
      return keep(kit, { ...row, server: found.metadata, dpopKey: secrets.dpopKey }, finished);
    case 'bad_callback':
      return refused();
    case 'denied':
      return { kind: 'denied', sentence: deniedSentence(finished.error) };
    default:
      return notStarted(finished);
  }
}

interface Finished {
  readonly owner: string;
  readonly am: string;
  readonly clientId: string;
  readonly server: ServerMetadata;
  readonly dpopKey: ReturnType<typeof generateSigningKey>;
}

async function keep(kit: Kit, row: Finished, { tokens }: Obtained): Promise<CallbackOutcome> {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = tokens;
  if (refreshToken === undefined) return failed(UNUSABLE, 'no refresh token');
  const ref = { owner: row.owner, connectionId: randomId('con') };
  const sealed = sealConnection(kit, ref, { accessToken, refreshToken, dpopKey: row.dpopKey });
  const accessExpiresAt = kit.clock.now() + expiresIn;
  await kit.store.putConnection({ ...ref, am: row.am, clientId: row.clientId, sealed, accessExpiresAt });
  return { kind: 'connected', connectionId: ref.connectionId };
}

/** The query as it came: a URL parser would repair it. */
function queryOf(url: string): string {
  const cut = url.indexOf('?');
  const query = cut < 0 ? url : url.slice(cut + 1);
  return query.split('#', 1)[0] ?? '';
}

const UNUSABLE = 'The authorization manager answered something unexpected. Nothing was connected.';

function notStarted(failure: Failure): NotConnected {
  switch (failure.kind) {
    case 'timeout':
    case 'unreachable':
      return failed('The authorization manager does not answer at the moment. Try again later.', failure.kind);
    case 'unusable':
      return failed(UNUSABLE, failure.reason);
    case 'oauth_error':
      return failed(
        'The authorization manager refused. Nothing was connected.',
        `${failure.status} ${failure.error.error}`,
      );
  }
}

function deniedSentence(error: string): string {
  return error === 'access_denied'
    ? 'You did not agree at the authorization manager. Nothing was connected.'
    : 'The authorization manager ended the request. Nothing was connected.';
}

function refused(): CallbackOutcome {
  return {
    kind: 'refused',
    sentence: 'This is not the answer to a connection you started here in the last ten minutes.',
  };
}

function failed(sentence: string, reason: string): NotConnected {
  return { kind: 'failed', sentence, reason };
}
