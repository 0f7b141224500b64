import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type {
  AuthorizationRequest,
  NewAnswer,
  NewGrant,
  OAuthStorage,
  ReplayGuard,
  TokenKey,
} from '@chatelaine/oauth-server';

// Everything gets new ids, so that tests do not affect each other.

export const HOUR = 3600;
export const DAY = 86_400;

export const freshHash = (): Buffer => randomBytes(32);
export const freshId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('base64url')}`;
const freshBucket = (): number => randomBytes(2).readUInt16BE(0);
export const now = (): number => Date.now() / 1000;

export function freshGuard(kind: ReplayGuard['kind'] = 'dpop', lifetimeSeconds = 60): ReplayGuard {
  return { kind, key: freshId('key'), jti: freshId('jti'), expiresAt: now() + lifetimeSeconds };
}

export const REQUEST: AuthorizationRequest = {
  redirectUri: 'https://client.example/callback',
  scope: ['transfer'],
  transferScope: ['photos.read', 'photos.write'],
  state: 'state',
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  jkt: null,
  prompt: null,
  extensions: {},
  answeredBy: null,
  isAuthenticated: false,
};

/** Options of a relationship. */
export interface Choices {
  readonly clientId?: string;
  readonly request?: Partial<AuthorizationRequest>;
  readonly grant?: Partial<NewGrant>;
  readonly codeLifetimeSeconds?: number;
  readonly accessLifetimeSeconds?: number;
  readonly idleSeconds?: number;
}

export interface OpenRequest {
  readonly clientId: string;
  readonly hash: Buffer;
  readonly browserHash: Buffer;
  readonly request: AuthorizationRequest;
}

/** A pushed request that no browser has opened yet. */
export async function saveRequest(storage: OAuthStorage, choices: Choices = {}): Promise<OpenRequest> {
  const { clientId = freshId('client') } = choices;
  const request = { ...REQUEST, ...choices.request };
  const hash = freshHash();
  const saved = await storage.saveRequest({ hash, clientId, request, lifetimeSeconds: 90, atOnce: 1_000, guards: [] });
  assert.equal(saved.kind, 'saved');
  return { clientId, hash, browserHash: freshHash(), request };
}

/** A request that a browser has opened. */
export async function openRequest(storage: OAuthStorage, choices: Choices = {}): Promise<OpenRequest> {
  const open = await saveRequest(storage, choices);
  const claimed = await storage.claimRequest({ ...open, lifetimeSeconds: 600 });
  assert.equal(claimed.kind, 'claimed');
  return open;
}

export function newGrant(choices: Partial<NewGrant> = {}): NewGrant {
  return {
    id: freshId('grant'),
    subject: freshId('owner'),
    bucket: freshBucket(),
    scope: ['transfer'],
    transferScope: ['photos.read'],
    expiresAt: null,
    ...choices,
  };
}

export interface Issued {
  readonly clientId: string;
  readonly code: TokenKey;
  readonly grant: NewGrant;
  readonly jkt: string | null;
}

/** Answers an open request with consent. */
export function consentTo(
  storage: OAuthStorage,
  open: OpenRequest,
  input: { grant: NewGrant; codeHash: Buffer; codeLifetimeSeconds?: number; answer?: NewAnswer },
): ReturnType<OAuthStorage['issueCode']> {
  const { clientId, browserHash } = open;
  const answer = newAnswer();
  return storage.issueCode({
    requestHash: open.hash,
    clientId,
    browserHash,
    answer,
    codeLifetimeSeconds: 60,
    ...input,
  });
}

export const newAnswer = (): NewAnswer => ({ press: freshHash(), encrypted: randomBytes(80) });

/** A request that was consented to, and its code, which has not been redeemed. */
export async function issue(storage: OAuthStorage, choices: Choices = {}): Promise<Issued> {
  const open = await openRequest(storage, choices);
  const grant = newGrant(choices.grant);
  const codeHash = freshHash();
  const { codeLifetimeSeconds = 60 } = choices;
  const issued = await consentTo(storage, open, { grant, codeHash, codeLifetimeSeconds });
  assert.equal(issued.kind, 'issued');
  return { clientId: open.clientId, code: { bucket: grant.bucket, hash: codeHash }, grant, jkt: open.request.jkt };
}

export interface Redemption {
  readonly accessToken: TokenKey;
  readonly refreshToken: TokenKey;
  readonly outcome: Awaited<ReturnType<OAuthStorage['redeemCode']>>;
}

/** Redeems a code, or tries to, for a link token and a refresh token. */
export async function redeem(
  storage: OAuthStorage,
  issued: Issued,
  choices: Choices & { jkt?: string | null; isAuthenticated?: boolean; guards?: readonly ReplayGuard[] } = {},
): Promise<Redemption> {
  const { accessLifetimeSeconds = HOUR, idleSeconds = 90 * DAY } = choices;
  const [access, refresh] = [freshHash(), freshHash()];
  const outcome = await storage.redeemCode({
    code: issued.code,
    clientId: choices.clientId ?? issued.clientId,
    isAuthenticated: choices.isAuthenticated ?? false,
    jkt: choices.jkt === undefined ? issued.jkt : choices.jkt,
    tokens: [
      { hash: access, kind: 'lt', lifetimeSeconds: accessLifetimeSeconds },
      { hash: refresh, kind: 'rt', lifetimeSeconds: idleSeconds },
    ],
    guards: choices.guards ?? [],
  });
  const { bucket } = issued.code;
  return { outcome, accessToken: { bucket, hash: access }, refreshToken: { bucket, hash: refresh } };
}

export type Relationship = Issued & Redemption;

/** A working link, whose code was redeemed. */
export async function relate(
  storage: OAuthStorage,
  choices: Choices & { isAuthenticated?: boolean } = {},
): Promise<Relationship> {
  const issued = await issue(storage, choices);
  const { clientId: _, ...lifetimes } = choices;
  const redemption = await redeem(storage, issued, lifetimes);
  assert.equal(redemption.outcome.kind, 'redeemed');
  return { ...issued, ...redemption };
}

/** Uses the refresh token, or tries to, for another link token. */
export async function refresh(
  storage: OAuthStorage,
  link: Relationship,
  choices: {
    clientId?: string;
    refreshToken?: TokenKey;
    idleSeconds?: number;
    guards?: readonly ReplayGuard[];
    lifetimeSeconds?: number;
  } = {},
): Promise<{ accessToken: TokenKey; outcome: Awaited<ReturnType<OAuthStorage['refresh']>> }> {
  const {
    clientId = link.clientId,
    refreshToken = link.refreshToken,
    idleSeconds = 90 * DAY,
    guards = [],
    lifetimeSeconds = HOUR,
  } = choices;
  const hash = freshHash();
  const accessToken = { hash, kind: 'lt', lifetimeSeconds } as const;
  const outcome = await storage.refresh({ refreshToken, clientId, idleSeconds, accessToken, guards });
  return { accessToken: { bucket: refreshToken.bucket, hash }, outcome };
}

/** Asserts that none of these tokens is valid at any replica. */
export async function assertDead(replicas: readonly OAuthStorage[], ...tokens: readonly TokenKey[]): Promise<void> {
  for (const storage of replicas) {
    for (const token of tokens) assert.equal(await storage.findToken(token), null);
  }
}

export async function assertAlive(replicas: readonly OAuthStorage[], ...tokens: readonly TokenKey[]): Promise<void> {
  for (const storage of replicas) {
    for (const token of tokens) assert.notEqual(await storage.findToken(token), null);
  }
}
