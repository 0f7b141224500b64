import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { type CallOptions, call, type Party, usual } from './clients.ts';
import { type Answer, Browser as Plain, encodeForm, type Form, send, type SentHeaders } from '@chatelaine/test-kit';
import { type Rig, type Side, TRANSFER_SCOPES } from './rig.ts';

/** A browser at one side: looks at pages of one replica, sends its forms to the other. */
export class Browser {
  readonly #side: Side;
  readonly #browser: Plain;
  /** Who is signed in. */
  owner: string | null;

  constructor(side: Side, owner: string | null = 'owner-1') {
    this.#side = side;
    this.#browser = new Plain(side.ports[0]);
    this.owner = owner;
  }

  get(path: string, replica: 0 | 1 = 0, headers: SentHeaders = {}): Promise<Answer> {
    return this.#at(replica).get(path, { ...this.#who(), ...headers });
  }

  head(path: string): Promise<Answer> {
    return send(this.#side.ports[0], { method: 'HEAD', path, headers: this.#who() });
  }

  post(path: string, form: Form, headers: SentHeaders = {}, replica: 0 | 1 = 1): Promise<Answer> {
    return this.#at(replica).post(path, form, { ...this.#who(), ...headers });
  }

  #at(replica: 0 | 1): Plain {
    this.#browser.port = this.#side.ports[replica];
    return this.#browser;
  }

  #who(): SentHeaders {
    return this.owner === null ? {} : { 'x-owner': this.owner };
  }
}

/** A good authorization request of this client. */
export function requestOf(side: Side, party: Party, verifier: string = createVerifier()): Record<string, string> {
  return {
    client_id: party.id,
    response_type: 'code',
    redirect_uri: party.redirectUri,
    scope: 'transfer',
    state: 'a state',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...(party.dpop === null ? {} : { dpop_jkt: party.dpop.kid }),
    ...(side.config.transferScopes === null ? {} : { transfer_scope: Object.keys(TRANSFER_SCOPES).join(' ') }),
  };
}

/** Pushes a request; the answer of the PAR endpoint. */
export function push(
  rig: Rig,
  side: Side,
  input: { party: Party; form?: Form; verifier?: string } & CallOptions,
): Promise<Answer> {
  const form = { ...requestOf(side, input.party, input.verifier), ...input.form };
  return call(rig, side, { ...input, path: '/par', form });
}

export async function pushed(rig: Rig, side: Side, input: Parameters<typeof push>[2]): Promise<string> {
  const answer = await push(rig, side, input);
  if (answer.status !== 201) throw new Error(`not pushed: ${answer.status} ${answer.text}`);
  return String(answer.json['request_uri']);
}

export const authorizePath = (params: Form): string => `/authorize?${encodeForm(params)}`;

/** What the form on a consent page posts beside the owner's answer. */
export function hidden(page: Answer): Record<string, string> {
  const fields = [...page.text.matchAll(/<input name="([^"]*)" value="([^"]*)">/g)];
  return Object.fromEntries(
    fields.map(([, name = '', value = '']) => [
      name,
      value.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
    ]),
  );
}

/** The owner opens a pushed request and answers it; the answer to the form. */
export async function answered(
  side: Side,
  input: { party: Party; requestUri: string; form?: Form; browser?: Browser },
): Promise<Answer> {
  const { party, requestUri, form = { decision: 'allow' }, browser = new Browser(side) } = input;
  const page = await browser.get(authorizePath({ client_id: party.id, request_uri: requestUri }));
  if (page.status !== 200) throw new Error(`no consent page: ${page.status} ${page.text}`);
  return browser.post('/authorize', { ...hidden(page), ...form });
}

/** The query with which the browser leaves: by a redirect, or, after a form, by a page that moves on. */
export function redirected(answer: Answer): URLSearchParams {
  if (answer.status !== 303 && (answer.status !== 200 || answer.onward === undefined))
    throw new Error(`not sent on: ${answer.status} ${answer.text}`);
  return new URL(answer.onward ?? '').searchParams;
}

export interface Redeemable {
  readonly code: string;
  readonly verifier: string;
}

export async function codeFor(
  rig: Rig,
  side: Side,
  input: { party: Party; form?: Form; consent?: Form; browser?: Browser },
): Promise<Redeemable> {
  const verifier = createVerifier();
  const requestUri = await pushed(rig, side, { party: input.party, verifier, ...(input.form && { form: input.form }) });
  const answer = await answered(side, {
    party: input.party,
    requestUri,
    form: { decision: 'allow', ...input.consent },
    ...(input.browser && { browser: input.browser }),
  });
  const code = redirected(answer).get('code');
  if (code === null) throw new Error(`no code: ${answer.onward}`);
  return { code, verifier };
}

export function redeem(
  rig: Rig,
  side: Side,
  input: { party: Party; form?: Form } & Redeemable & CallOptions,
): Promise<Answer> {
  const { code, verifier, form } = input;
  return call(rig, side, {
    ...input,
    form: { grant_type: 'authorization_code', code, code_verifier: verifier, ...form },
  });
}

export interface Relationship {
  readonly party: Party;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A relationship from request to tokens. */
export async function connected(
  rig: Rig,
  side: Side,
  input: { party?: Party; consent?: Form } = {},
): Promise<Relationship> {
  const party = input.party ?? (await usual(rig, side));
  const redeemable = await codeFor(rig, side, { party, ...(input.consent && { consent: input.consent }) });
  const answer = await redeem(rig, side, { party, ...redeemable });
  if (answer.status !== 200) throw new Error(`not redeemed: ${answer.status} ${answer.text}`);
  return {
    party,
    accessToken: String(answer.json['access_token']),
    refreshToken: String(answer.json['refresh_token']),
  };
}

export function refreshed(
  rig: Rig,
  side: Side,
  input: { party: Party; refreshToken: string; form?: Form } & CallOptions,
): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: input.refreshToken, ...input.form };
  return call(rig, side, { ...input, form });
}

/** A browser arrives at the AM's authorization endpoint, with these parameters or this query. */
export const arrive = (rig: Rig, params: Form | string): Promise<Answer> =>
  send(rig.am.ports[0], { path: typeof params === 'string' ? `/authorize?${params}` : authorizePath(params) });
