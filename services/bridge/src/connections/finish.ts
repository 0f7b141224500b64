import { randomId, sha256 } from '@chatelaine/crypto';
import { neededScopes, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import {
  type Credential,
  findAccount,
  oauth1,
  oauth1At,
  oauth2,
  oauth2At,
  saveAccount,
  encryptCredential,
} from '../upstream/index.ts';
import { takeAttempt } from './attempt-store.ts';
import { callbackOf, attemptAad } from './begin.ts';
import { endUpstream } from './end-upstream.ts';
import { whoseAccount } from './whose-account.ts';

export type FinishDeps = Pick<Deps, 'config' | 'clock' | 'outbound' | 'pool' | 'vault' | 'skews' | 'log'>;

export interface FinishInput {
  readonly service: Service;
  readonly owner: string;
  readonly session: Buffer;
  /** The query of the callback. */
  readonly query: ReadonlyMap<string, string>;
}

export type Finished =
  | { readonly kind: 'connected' }
  /** Nothing of it is known here: it was started elsewhere, or by somebody else, or has expired, or was used. */
  | { readonly kind: 'unknown' }
  /** The person refused at the service. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Another account of the person's at this service is connected already. */
  | { readonly kind: 'other_account'; readonly connected: string; readonly found: string };

/** Finishes what {@link begin} started, once. */
export async function finish(deps: FinishDeps, input: FinishInput): Promise<Finished> {
  const granted =
    input.service.oauth.version === '2.0' ? await finishOAuth2(deps, input) : await finishOAuth1(deps, input);
  if (granted.kind !== 'granted') return granted;
  const who = await whoseAccount(deps, { service: input.service, ...granted });
  if (who.kind === 'failed') {
    await endUpstream(deps, input.service, granted.credential);
    return who;
  }
  return keep(deps, input, { ...granted, who });
}

interface Granted {
  readonly kind: 'granted';
  readonly credential: Credential;
  readonly expiresIn: number | null;
  /** Null: the scopes that were asked for. */
  readonly granted: readonly string[] | null;
  readonly answer: unknown;
}
type NotGranted = Extract<Finished, { kind: 'unknown' | 'refused' | 'failed' }>;

async function take(
  deps: FinishDeps,
  { service, owner, session }: FinishInput,
  handle: string,
): Promise<string | null> {
  const attempt = { hash: sha256(handle), owner, session, service: service.id };
  const encrypted = await takeAttempt(deps, attempt);
  return encrypted === null ? null : deps.vault.decrypt(encrypted, attemptAad(attempt));
}

async function finishOAuth2(deps: FinishDeps, input: FinishInput): Promise<Granted | NotGranted> {
  const state = input.query.get('state') ?? '';
  const verifier = await take(deps, input, state);
  if (verifier === null) return { kind: 'unknown' };
  const outcome = await oauth2.redeemCode(deps, oauth2At(deps, input.service), {
    callback: new URLSearchParams([...input.query]),
    state,
    verifier,
    redirectUri: callbackOf(deps, input.service),
  });
  if (outcome.kind === 'failed') return outcome;
  if (outcome.kind === 'refused')
    return outcome.error === 'access_denied' ? { kind: 'refused' } : { kind: 'failed', reason: outcome.error };
  const { accessToken, refreshToken, expiresIn, granted, answer } = outcome;
  return { kind: 'granted', credential: { version: '2.0', accessToken, refreshToken }, expiresIn, granted, answer };
}

async function finishOAuth1(deps: FinishDeps, input: FinishInput): Promise<Granted | NotGranted> {
  const { service, query } = input;
  // some services report a refusal with the token in another parameter: Tumblr and Discogs send `denied`
  const denied = query.get('denied');
  const token = query.get('oauth_token') ?? denied ?? '';
  const tokenSecret = await take(deps, input, token);
  if (tokenSecret === null) return { kind: 'unknown' };
  const verifier = query.get('oauth_verifier') ?? '';
  if (denied !== undefined) return { kind: 'refused' };
  // RFC 5849 §2.3: the verifier proves that the browser that came back is the one that agreed
  if (verifier === '') return { kind: 'failed', reason: 'no oauth_verifier' };
  const outcome = await oauth1.tokenCredentials(deps, oauth1At(deps, service), {
    temporary: { token, tokenSecret },
    verifier,
  });
  if (outcome.kind === 'failed') return outcome;
  const credential: Credential = { version: '1.0a', ...outcome.credentials };
  return { kind: 'granted', credential, expiresIn: null, granted: null, answer: outcome.answer };
}

async function keep(
  deps: FinishDeps,
  { service, owner }: FinishInput,
  input: Granted & { who: { account: string; label: string } },
): Promise<Finished> {
  const { credential, expiresIn, who } = input;
  const known = await findAccount(deps, { owner, service: service.id });
  const id = known?.id ?? randomId('acc');
  const row = { id, owner, service: service.id, origin: service.origin };
  const granted = input.granted ?? neededScopes(service);
  const shares = service.scopes
    .filter(({ needs }) => needs.every((need) => granted.includes(need)))
    .map(({ scope }) => scope);
  const encrypted = encryptCredential(deps.vault, row, credential);
  const kept = await saveAccount(deps, { ...row, ...who, granted, shares, credential: encrypted, expiresIn });
  if (kept) {
    deps.log.info({ event: 'service_connected', account: id, service: service.id }, 'a service was connected');
    return { kind: 'connected' };
  }
  await endUpstream(deps, service, credential);
  return { kind: 'other_account', connected: known?.label ?? '', found: who.label };
}
