import { randomBytes } from 'node:crypto';
import http from 'node:http';
import {
  generateSigningKey,
  hostTag,
  publicJwks,
  type SigningKey,
  signShortJwt,
  systemClock,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, JWT_TYP } from '@chatelaine/protocol';
import type { Service } from '../chain.ts';
import { type Prepared, send } from '../requests.ts';
import { REDIRECT_URI } from '../code.ts';

/** A web server of strangers: it answers every path, with ever different documents. */
export interface Documents {
  readonly origin: string;
  readonly port: number;
  readonly key: SigningKey;
  /** Milliseconds until it answers. */
  delay: number;
  close(): Promise<void>;
}

export const DOCUMENTS_NAME = 'strangers';
const KILOBYTES_60 = 61_440;

export async function serveStrangers(port: number): Promise<Documents> {
  const key = generateSigningKey();
  const origin = `http://${DOCUMENTS_NAME}.localhost:${port}`;
  const server = http.createServer((request, response) => {
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=86400' });
      response.end(JSON.stringify(documentAt(`${origin}${request.url ?? '/'}`)));
    };
    if (documents.delay === 0) return answer();
    const timer = setTimeout(answer, documents.delay);
    response.on('close', () => clearTimeout(timer));
  });
  const documentAt = (url: string): unknown => {
    const path = new URL(url).pathname;
    if (path === '/jwks') return publicJwks([key]);
    const client = { client_id: url, client_name: 'A stranger', redirect_uris: [REDIRECT_URI] };
    if (path.startsWith('/clients/')) {
      const callback = `${origin}/callback/${path.split('/').at(-1) ?? ''}`;
      const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${origin}/jwks` };
      const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'];
      return { ...client, ...keys, redirect_uris: [callback], grant_types: grants, chatelaine_issuer: origin };
    }
    if (path.startsWith('/small/')) return client;
    if (path.startsWith('/large/')) return { ...client, padding: randomBytes(KILOBYTES_60 / 2).toString('hex') };
    // not acceptable, and made of many small values: what takes most memory once parsed
    return { ...client, redirect_uris: 7, padding: Array.from({ length: KILOBYTES_60 / 4 }, () => [0]) };
  };
  const documents: Documents = {
    origin,
    port,
    key,
    delay: 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return documents;
}

interface Targets {
  readonly am: Service;
  readonly host: Service;
  readonly documents: Documents;
}

/** What strangers send, one function for each kind: nothing is sent twice, and each request is from another address. */
export function kinds({ am, host, documents }: Targets): readonly (() => Promise<number>)[] {
  const { origin, key } = documents;
  const at = ({ issuer, port }: Service) => ({ port, host: `${new URL(issuer).hostname}:${port}` });
  const to = async (service: Service, request: Omit<Prepared, 'host'>): Promise<number> => {
    const agent = new http.Agent({ localAddress: somewhere() });
    try {
      return (await send(at(service).port, { ...request, host: at(service).host }, agent)).status;
    } finally {
      agent.destroy();
    }
  };
  const form = (service: Service, path: string, fields: Readonly<Record<string, string>>) =>
    to(service, { path, headers: FORM, body: new URLSearchParams(fields).toString() });
  const document = (kind: string) => () => {
    const query = new URLSearchParams({ client_id: `${origin}/${kind}/${random()}`, response_type: 'code' });
    return to(am, { method: 'GET', path: `/authorize?${query.toString()}`, headers: {}, body: '' });
  };
  const register = () =>
    to(am, {
      path: '/register',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: `Stranger ${random()}`, redirect_uris: [REDIRECT_URI] }),
    });
  const asManager = async (path: string, fields: Readonly<Record<string, string>>) => {
    const id = `${origin}/clients/${hostTag(host.issuer)}`;
    const claims = { iss: id, sub: id, aud: host.issuer };
    const signed = { typ: JWT_TYP.clientAssertion, claims, key, clock: systemClock, lifetimeSeconds: 60 };
    const assertion = await signShortJwt(signed);
    return form(host, path, {
      ...fields,
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: assertion,
    });
  };
  const tombstone = () => asManager('/revoke', { token: random(), token_type_hint: 'transfer_grant' });
  const end = () => form(am, '/revoke', { client_id: `client_${random()}`, token: `cha_rt_${random()}` });
  const junk = (service: Service) => () => form(service, '/token', { client_id: random(), grant_type: random() });
  return [
    document('large'),
    document('small'),
    document('none'),
    register,
    tombstone,
    end,
    junk(am),
    document('none'),
    junk(host),
    document('large'),
  ];
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const random = (): string => randomBytes(16).toString('base64url');
/** One of 65,000 addresses of this machine (Linux). */
const somewhere = (): string => `127.1.${[...randomBytes(2)].join('.')}`;
