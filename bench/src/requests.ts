import http from 'node:http';
import { createDpopProof, generateSigningKey, type SigningKey, signShortJwt, systemClock } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, JWT_TYP } from '@chatelaine/protocol';

/** The client that sends all load: it has a key for assertions, and another to which its tokens are bound. */
export interface Party {
  readonly clientId: string;
  readonly key: SigningKey;
  readonly dpop: SigningKey;
}

/** The address of a server. */
export interface Endpoint {
  /** Its URL with a host name, which is also its issuer. */
  readonly issuer: string;
  readonly port: number;
}

/** A request that was prepared, so that signing it is not measured. */
export interface Prepared {
  /** POST by default. */
  readonly method?: 'GET';
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

export const newParty = (clientId: string): Party => ({
  clientId,
  key: generateSigningKey(),
  dpop: generateSigningKey(),
});

/** A POST with a client assertion that is good once, and with a DPoP proof if the endpoint binds tokens. */
export async function prepare(
  { issuer, port }: Endpoint,
  { clientId, key, dpop }: Party,
  input: { path: string; form: Readonly<Record<string, string>>; proof: 'with proof' | 'without proof' },
): Promise<Prepared> {
  const claims = { iss: clientId, sub: clientId, aud: issuer };
  const assertion = await signShortJwt({
    typ: JWT_TYP.clientAssertion,
    claims,
    key,
    clock: systemClock,
    lifetimeSeconds: 60,
  });
  const form = new URLSearchParams({
    ...input.form,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: assertion,
  });
  const htu = `${issuer}${input.path}`;
  const proof =
    input.proof === 'with proof'
      ? { dpop: await createDpopProof({ key: dpop, htm: 'POST', htu, clock: systemClock }) }
      : {};
  return {
    path: input.path,
    host: `${new URL(issuer).hostname}:${port}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...proof },
    body: form.toString(),
  };
}

/** Sends a request to this port of 127.0.0.1, whatever its host name. */
export function send(port: number, prepared: Prepared, agent: http.Agent): Promise<Answer> {
  const { method = 'POST', path, host, headers, body } = prepared;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const length = String(Buffer.byteLength(body));
  const options = { host: '127.0.0.1', port, method, path, agent };
  const request = http.request({ ...options, headers: { ...headers, host, 'content-length': length } }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, json: parse(Buffer.concat(chunks)) }));
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return { body: body.toString().slice(0, 200) };
  }
}
