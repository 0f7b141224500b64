import type http from 'node:http';
import { type Jwks, sha256base64url, validateJwks, verifyJwt } from '@chatelaine/crypto';
import { linkClientId } from '@chatelaine/oauth-client';
import { JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';

/** A request that one endpoint received. */
export interface Received {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

const clock = { now: () => Date.now() / 1000 };

/** Checks what an AM sends as a good Host would; whatever is wrong is collected in `faults`. */
export class Checks {
  readonly faults: string[] = [];
  readonly #issuer: string;
  readonly #jtis = new Set<string>();
  #am: { readonly issuer: string; readonly keys: Jwks } | null = null;

  /** @param issuer the issuer identifier of the Host */
  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Sets the AM whose assertions and statements are accepted. */
  trust(am: { issuer: string; jwks: unknown }): void {
    const checked = validateJwks(am.jwks);
    if (checked.kind !== 'valid') throw new Error(`the AM's key set: ${checked.reason}`);
    this.#am = { issuer: am.issuer, keys: checked.jwks };
  }

  /** Checks a client assertion: RFC 7523 §3, as profiled in PROTOCOL §1. */
  async client({ form, headers }: Received): Promise<void> {
    const am = this.#trusted();
    const clientId = linkClientId(am.issuer, this.#issuer);
    const checked = await verifyJwt({
      token: form.get('client_assertion') ?? '',
      typ: [JWT_TYP.clientAssertion, 'JWT', undefined],
      keys: am.keys,
      issuer: clientId,
      subject: clientId,
      audience: this.#issuer,
      clock,
      maxLifetimeSeconds: 60,
    });
    if (checked.kind === 'invalid') this.faults.push(`assertion: ${checked.reason}`);
    else this.#useOnce(checked.claims.jti);
    if (headers['dpop'] !== undefined) this.faults.push('a DPoP header');
    if (headers.authorization !== undefined) this.faults.push('an Authorization header');
  }

  /** Checks a statement (PROTOCOL §3.3); its claims, or null when it is not valid. */
  async statement(
    { form }: Received,
    { resource, bearer }: { resource: string; bearer: boolean },
  ): Promise<Readonly<Record<string, unknown>> | null> {
    const am = this.#trusted();
    const checked = await verifyJwt({
      token: form.get('actor_token') ?? '',
      typ: JWT_TYP.transferStatement,
      keys: am.keys,
      issuer: am.issuer,
      audience: this.#issuer,
      clock,
      maxLifetimeSeconds: 60,
    });
    if (checked.kind === 'invalid') return this.#fault(`statement: ${checked.reason}`);
    const { claims } = checked;
    this.#useOnce(claims.jti);
    const right: Readonly<Record<string, boolean>> = {
      ath: claims['ath'] === sha256base64url(form.get('subject_token') ?? ''),
      resource: claims['resource'] === resource && form.get('resource') === resource,
      scope: claims['scope'] === form.get('scope'),
      bearer: claims['bearer'] === undefined || (claims['bearer'] === true && bearer),
      'one of cnf and bearer':
        (typeof (claims['cnf'] as { jkt?: unknown } | undefined)?.jkt === 'string') !== (claims['bearer'] === true),
      actor_token_type: form.get('actor_token_type') === TOKEN_TYPE.jwt,
      subject_token_type: form.get('subject_token_type') === TOKEN_TYPE.accessToken,
    };
    const wrong = Object.keys(right).filter((name) => right[name] !== true);
    return wrong.length === 0 ? claims : this.#fault(`statement: ${wrong.join(', ')}`);
  }

  #trusted(): { readonly issuer: string; readonly keys: Jwks } {
    if (this.#am === null) throw new Error('the Host trusts no AM');
    return this.#am;
  }

  #useOnce(jti: string): void {
    if (this.#jtis.has(jti)) this.faults.push('a jti used twice');
    this.#jtis.add(jti);
  }

  #fault(fault: string): null {
    this.faults.push(fault);
    return null;
  }
}
