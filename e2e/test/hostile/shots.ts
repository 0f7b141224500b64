import type http from 'node:http';
import type { DeployedService } from '@chatelaine/constellation';
import { PARAMETERS } from '@chatelaine/test-kit';
import fc from 'fast-check';

export interface Endpoint {
  readonly path: string;
  /** Whether it is for programs, and refuses with OAuth errors. */
  readonly oauth: boolean;
}

export interface Target {
  readonly service: DeployedService;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
  /** Valid values: tokens, ids, the session of a signed-in owner and the CSRF token of their forms. */
  readonly known: readonly string[];
  readonly cookie: string;
  readonly csrf: string;
}

export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
}

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const NAMES = [
  ...PARAMETERS,
  'iss',
  'error',
  'purpose',
  'csrf',
  'decision',
  'answer',
  'duration',
  'until',
  'host',
  'am',
  'label',
  'name',
  'link',
  'connection',
  'entry',
  'text',
  'date',
  'source',
  'attempt',
  'to con http://photos.localhost/api',
  'username',
  'password',
  'return_to',
  'toString',
];

const NASTY = [
  '',
  ' ',
  '\0',
  '\u0001',
  '\r\nset-cookie: a=b',
  'ü',
  '😀',
  '\u202E',
  "' or 1=1 --",
  '../..',
  '%00',
  '%zz',
  'null',
  '[]',
  '-1',
  '1e400',
  '9999-99-99',
  '2026-02-30',
  'A'.repeat(43),
  'x'.repeat(9_000),
  'http://127.0.0.1:1/',
  'http://[::1]',
  'https://a@b',
  '//evil.example',
  'javascript:alert(1)',
  'a.b.c',
  'eyJhbGciOiJub25lIn0.e30.',
  `cha_ct_${'A'.repeat(46)}`,
  `cha_at_${'-'.repeat(46)}`,
  'allow',
  'deny',
  'always',
  'transfer',
  'entries.read',
  'code',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:token-type:access_token',
  'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
]; // prettier-ignore

const TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/plain',
  'application/json; charset=utf-16',
  ';',
  '',
]; // prettier-ignore

/** A request that is wrong in some way, or right by chance. */
export function shotAt(target: Target): fc.Arbitrary<{ endpoint: Endpoint; shot: Shot }> {
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 2, arbitrary: fc.constantFrom(...target.known) },
    { weight: 1, arbitrary: anyText.map((text) => text.toWellFormed()) },
  );
  const pairs = fc.array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(...NAMES),
        fc.string({ maxLength: 4 }).map((text) => text.toWellFormed()),
      ),
      value,
    ),
    { maxLength: 8 },
  );
  const body = fc.oneof(
    { weight: 5, arbitrary: pairs.map((list) => new URLSearchParams(list).toString()) },
    { weight: 1, arbitrary: fc.json() },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'a=%zz',
        'a=%ff%fe',
        'a=1&a=2',
        '{"a":1,"a":2}',
        '['.repeat(5_000),
        '{"__proto__":{}}',
        '--b\r\n\r\n',
        '&'.repeat(300),
      ),
    },
  );
  return fc
    .record({
      endpoint: fc.constantFrom(...target.endpoints),
      // most routes accept one of these two
      method: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('GET', 'POST', 'POST') },
        { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS') },
      ),
      id: fc.oneof(fc.constantFrom(...target.known, ...NASTY.filter((nasty) => nasty.length < 100)), fc.constant('x')),
      query: fc.oneof(pairs, fc.constant([] as [string, string][])),
      type: fc.oneof(
        { weight: 4, arbitrary: fc.constant(TYPES[0] ?? '') },
        { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
      ),
      signedIn: fc.boolean(),
      headers: fc.record(
        {
          authorization: fc.constantFrom(
            '',
            'Bearer',
            'Bearer x',
            'DPoP x',
            'Basic ===',
            `Bearer cha_ra_${'A'.repeat(46)}`,
            `DPoP cha_ct_${'A'.repeat(46)}`,
          ),
          cookie: fc.oneof(
            fc.constantFrom(
              '=',
              'a',
              '__proto__=1; a=%zz',
              `${target.cookie}; ${target.cookie}`,
              `${target.cookie}x`,
              ';;;',
            ),
            fc.stringMatching(/^[ -~]{0,40}$/),
          ),
          dpop: fc.constantFrom('', 'a.b.c', 'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2In0.e30.AA', ','),
          origin: fc.constantFrom('null', 'http://evil.example', target.service.url, 'x'),
          accept: fc.constantFrom('', '*/*', 'text/html', 'application/json;q=x'),
          'sec-fetch-site': fc.constantFrom('cross-site', 'same-origin', ''),
          'x-forwarded-for': fc.constantFrom('1.2.3.4', 'x', ',,,'),
          'accept-language': fc.constantFrom('xx', '*;q=9'),
        },
        { requiredKeys: [] },
      ),
      body,
    })
    .map(({ endpoint, method, id, query, type, signedIn, headers, body: text }) => {
      const search =
        query.length === 0
          ? ''
          : `?${new URLSearchParams(query.map(([name, it]): [string, string] => [name, it.slice(0, 500)])).toString()}`;
      const own = signedIn && type === TYPES[0] ? `${text}&csrf=${encodeURIComponent(target.csrf)}` : text;
      return {
        endpoint,
        shot: {
          method,
          path: `${endpoint.path.replace(':id', encodeURIComponent(id))}${search}`,
          headers: {
            ...headers,
            'content-type': type,
            ...(signedIn && { cookie: target.cookie, 'sec-fetch-site': 'same-origin', origin: target.service.url }),
          },
          body: method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(own),
        },
      };
    });
}
