import { generateSigningKey, randomId, sha256base64url } from '@chatelaine/crypto';
import {
  type AuthorizationStarted,
  type Failure,
  finishAuthorization,
  type Obtained,
  startAuthorization,
  stateOfCallback,
} from '@chatelaine/oauth-client';
import { formatWants, issuerFromAddress, LIFETIME, type ServerMetadata, type Want } from '@chatelaine/protocol';
import { asClient, identityAt, isIdentity, registerAt } from './identity.ts';
import type { Kit } from './options.ts';
import { decryptConnection, decryptState, encryptConnection, encryptState } from './secrets.ts';
import { termsOf } from './settle-terms.ts';
import { NOTHING_SHARED, share, type ShareAsHost } from './share-as-host.ts';

/** Who wants to connect which AM. */
export interface ConnectInput {
  /** The signed-in person, as the app names them. */
  readonly owner: string;
  /** The browser session, if the app has sessions: the callback must come back to this one. */
  readonly session?: string;
  /** What the person typed: `am.example`, `https://am.example`. */
  readonly am: string;
  /** If the person ticked "and share what I keep here": lets the app's own Host grant the AM a link. PROTOCOL §2.3. */
  readonly shareAsHost?: ShareAsHost;
  /** What the app would like to ask for this time, instead of the option of the same name. PROTOCOL §2.4. */
  readonly wants?: readonly Want[];
  /**
   * A connection of this owner at this AM that is to have more: the request names its key, so that what the owner
   * agrees to is added to it. It needs `wants`, here or as an option. If the AM does not support that, or there is no
   * such connection, a new one is made. PROTOCOL §2.1.
   */
  readonly connectionId?: string;
}

/** `sentence` may be shown on a page; `reason` is for the log. */
export interface NotConnected {
  readonly kind: 'failed';
  readonly sentence: string;
  readonly reason: string;
}

/** The URL to send the browser to, or why there is none. */
export type ConnectOutcome = { readonly kind: 'redirect'; readonly redirectTo: string } | NotConnected;

/** Starts a connection: discovers the AM, pushes the request, and returns the URL for the browser. PROTOCOL §2.1. */
export async function connect(kit: Kit, input: ConnectInput): Promise<ConnectOutcome> {
  const issuer = issuerFromAddress(input.am, kit.schemes);
  if (issuer === null) return failed('This is not the address of a service.', 'bad address');
  const found = await kit.discovery.discover({ issuer, role: 'am' });
  if (found.kind === 'failed') return failed(found.sentence, found.detail ?? found.reason);
  const server = found.metadata;
  const client = await identityAt(kit, server);
  if (!isIdentity(client)) return notStarted(client);
  const wants = input.wants ?? kit.wants;
  const more = await moreFor(kit, { ...input, server, wants, clientId: client.clientId });
  const dpopKey = more?.dpopKey ?? generateSigningKey('ES256');
  const shared = input.shareAsHost === undefined ? NOTHING_SHARED : await share(kit, server, input.shareAsHost);
  if (shared.kind === 'refused') return failed(shared.sentence, 'host grant refused');
  const params = { ...shared.request.params, ...wantsParameter(server, wants) };
  const request = { server, redirectUri: kit.redirectUri, dpopKey, ...shared.request, params };
  let started = await startAuthorization(kit, { ...request, client });
  let { clientId } = client;
  if (isForgotten(started) && kit.registration.kind === 'dynamic') {
    const registered = await registerAt(kit, server, kit.registration.store);
    if (!isIdentity(registered)) return notStarted(registered);
    ({ clientId } = registered);
    started = await startAuthorization(kit, { ...request, client: registered });
  }
  if (started.kind !== 'ok') return notStarted(started);
  const key = { stateHash: sha256base64url(started.state), owner: input.owner, session: input.session ?? '' };
  const encrypted = encryptState(kit, key, {
    state: started.state,
    verifier: started.verifier,
    dpopKey,
    // after a new registration it is another client, with nothing to add to
    ...(more !== null && clientId === client.clientId && { connectionId: more.connectionId }),
  });
  await kit.store.putState({ ...key, am: server.issuer, clientId, encrypted }, LIFETIME.interaction);
  return { kind: 'redirect', redirectTo: started.authorizationUrl };
}

interface MoreInput extends Omit<ConnectInput, 'wants'> {
  readonly server: ServerMetadata;
  readonly wants: readonly Want[] | undefined;
  readonly clientId: string;
}

/** The connection that is to have more, with its key; null if there is none. */
async function moreFor(kit: Kit, { owner, connectionId, server, wants, clientId, shareAsHost }: MoreInput) {
  // a combined registration makes a connection of its own: PROTOCOL §2.3
  const isRead = server.chatelaine_wants_supported === true && wants !== undefined && wants.length > 0;
  if (connectionId === undefined || !isRead || shareAsHost !== undefined) return null;
  const row = await kit.store.findConnection({ owner, connectionId });
  if (row === null || row.am !== server.issuer || row.clientId !== clientId) return null;
  return { connectionId, dpopKey: decryptConnection(kit, row).dpopKey };
}

/** What the app wants, if the AM reads it. */
function wantsParameter({ chatelaine_wants_supported: isRead }: ServerMetadata, wants: readonly Want[] = []) {
  return isRead === true && wants.length > 0 ? { chatelaine_wants: formatWants(wants) } : {};
}

function isForgotten(started: AuthorizationStarted | Failure): boolean {
  return started.kind === 'oauth_error' && started.error.error === 'invalid_client';
}

/** What came back to the redirect URI, and to whom. */
export interface CallbackInput {
  readonly owner: string;
  readonly session?: string;
  /** The URL the browser came back to, or its query alone. */
  readonly url: string;
}

/** The outcome of a connection that the owner was asked for. PROTOCOL §2.1. */
export type CallbackOutcome =
  | { readonly kind: 'connected'; readonly connectionId: string }
  /** Not an answer to anything this owner started here: nothing was sent anywhere. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** The owner or the AM said no. */
  | { readonly kind: 'denied'; readonly sentence: string }
  | NotConnected;

/**
 * Finishes what {@link connect} started. The state is taken once, and only by the owner and session that started: a
 * missing, repeated, expired or foreign one never leads to a token request. PROTOCOL §2.1, RFC 9700 §4.7.
 */
export async function callback(kit: Kit, input: CallbackInput): Promise<CallbackOutcome> {
  const query = queryOf(input.url);
  const state = stateOfCallback(query);
  if (state === null) return refused();
  const key = { stateHash: sha256base64url(state), owner: input.owner, session: input.session ?? '' };
  const row = await kit.store.takeState(key);
  if (row === null) return refused();
  const secrets = decryptState(kit, row);
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
      return keep(kit, { ...row, ...secrets, server: found.metadata }, finished);
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
  readonly connectionId?: string;
}

async function keep(kit: Kit, row: Finished, { tokens }: Obtained): Promise<CallbackOutcome> {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = tokens;
  if (refreshToken === undefined) return failed(UNUSABLE, 'no refresh token');
  const ref = { owner: row.owner, connectionId: row.connectionId ?? randomId('con') };
  const encrypted = encryptConnection(kit, ref, { accessToken, refreshToken, dpopKey: row.dpopKey });
  const accessExpiresAt = kit.clock.now() + expiresIn;
  // if it was disconnected here meanwhile, this is a new one
  if (row.connectionId !== undefined && (await kit.store.findConnection(ref)) !== null)
    await kit.store.updateSecrets(ref, { encrypted, accessExpiresAt });
  else await kit.store.putConnection({ ...ref, am: row.am, clientId: row.clientId, encrypted, accessExpiresAt });
  // the connection stands whatever the outcome: a transfer says so if terms are required
  await termsOf(kit, ref);
  return { kind: 'connected', connectionId: ref.connectionId };
}

/** The query as received: a URL parser would repair it. */
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
