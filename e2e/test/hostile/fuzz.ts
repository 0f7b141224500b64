import { once } from 'node:events';
import http from 'node:http';
import type { HouseService } from '@chatelaine/constellation';
import { signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { World } from './world.ts';

// any code point, lone surrogates included; fast-check's own `unit: 'binary'` takes seconds to set up
const anyText = fc
  .array(fc.nat({ max: 0x10_ffff }), { maxLength: 20 })
  .map((points) => String.fromCodePoint(...points));

const SEED = 20_261_123;
/** Each service gets its share of it; the seed decides what is tried, the machine how much of it. */
const SECONDS = 3;
const MOST_RUNS = 1_500;

/** What people see, beside the endpoints that the metadata names. `/sign-out` is not here: everything after it would be tried by nobody. */
const PAGES: Readonly<Record<HouseService['service'], readonly string[]>> = {
  am: [
    '/',
    '/sign-in',
    '/sign-up',
    '/hosts',
    '/hosts/add',
    '/hosts/:id/name',
    '/hosts/:id/repair',
    '/hosts/:id/stop',
    '/requesters',
    '/requesters/:id',
    '/requesters/:id/rules',
    '/requesters/:id/stop',
    '/asks/:id',
    '/timeline',
    '/clients/:id',
    '/callback/:id',
    '/stop-everything',
    '/register/:id',
    '/jwks',
    '/readyz',
  ],
  host: [
    '/',
    '/sign-in',
    '/sign-up',
    '/entries',
    '/entries/remove',
    '/entries/:id/picture',
    '/access',
    '/access/end',
    '/api/entries',
  ],
  requester: [
    '/',
    '/sign-in',
    '/sign-up',
    '/connect',
    '/connections',
    '/callback',
    '/client',
    '/jwks',
    '/entries',
    '/disconnect',
    '/ends',
    '/picture',
  ],
};

interface Endpoint {
  readonly path: string;
  /** For programs: every refusal is in OAuth's words. */
  readonly oauth: boolean;
}

interface Target {
  readonly service: HouseService;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
  /** What is true: tokens, ids, the session of somebody signed in, and the token of his forms. */
  readonly known: readonly string[];
  readonly cookie: string;
  readonly csrf: string;
}

interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
}

const NAMES = [
  'grant_type',
  'client_id',
  'client_assertion',
  'client_assertion_type',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'resource',
  'audience',
  'scope',
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'token_type_hint',
  'redirect_uri',
  'request_uri',
  'response_type',
  'state',
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
  'username',
  'password',
  'return_to',
  '__proto__',
  'toString',
]; // prettier-ignore

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

/** Whatever is sent to any route of any service: a refusal, never a 5xx of ours, never the end of a process. */
export function fuzz(worldOf: () => World): void {
  describe('whatever is sent to any route', () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const targets: Target[] = [];
    let pids: (number | undefined)[] = [];
    const running = () => worldOf().house.services.flatMap(({ processes }) => processes.map(({ pid }) => pid));

    beforeAll(async () => {
      const world = worldOf();
      await signUp(world.owners[2], world.house.requester.url);
      for (const name of ['am', 'photos', 'lifestream']) targets.push(await aim(world, name));
      pids = running();
    });
    afterAll(() => agent.destroy());

    test.each([0, 1, 2])(
      'of service %i is answered without a 5xx, in OAuth’s words where programs ask, and ends no process',
      async (index) => {
        const target = targets[index] as Target;
        let shots = 0;
        await fc.assert(
          fc.asyncProperty(shotAt(target), async ({ endpoint, shot }) => {
            shots++;
            const answer = await fire(target, shot, agent);
            const seen = { ...answer, text: answer.text.slice(0, 300) };
            // behind an AM or a Requester there are others, who may be away; nothing else is an excuse
            if (seen.status >= 500) expect([502, 503, 504]).toContain(seen.status);
            if (endpoint.oauth && seen.status >= 400 && shot.method !== 'HEAD') {
              expect(JSON.parse(answer.text)).toEqual(
                expect.objectContaining({ error: expect.any(String), error_description: expect.any(String) }),
              );
              expect(answer.headers['cache-control']).toContain('no-store');
            }
            expect(answer.text).not.toContain('"statusCode"');
          }),
          { seed: SEED, numRuns: MOST_RUNS, interruptAfterTimeLimit: SECONDS * 1_000, endOnFailure: true },
        );
        expect(shots).toBeGreaterThan(50);
        expect(running()).toEqual(pids);
        expect(worldOf().house.logs()).not.toMatch(/unhandled|uncaught/i);
      },
    );
  });
}

/** What there is to shoot at: by the metadata, and by the pages. */
async function aim({ house, owners, documents }: World, name: string): Promise<Target> {
  const service = house.services.find((it) => it.name === name);
  const [process] = service?.processes ?? [];
  if (service === undefined || process === undefined) throw new Error(`There is no ${name}.`);
  const metadata = await house.fetch(`${service.url}/.well-known/oauth-authorization-server`);
  const listed = metadata.ok ? ((await metadata.json()) as Record<string, unknown>) : {};
  const programs = Object.entries(listed).flatMap(([key, url]) =>
    key.endsWith('_endpoint') && key !== 'authorization_endpoint' ? [new URL(String(url)).pathname] : [],
  );
  const person = owners[2].tab();
  const page = await person.visit(`${service.url}${name === 'am' ? '/hosts/add' : '/'}`);
  const csrf =
    page.forms.flatMap(({ controls }) => controls).find(({ name: field }) => field === 'csrf')?.values[0] ?? '';
  const ids =
    name === 'am'
      ? await house.database.query<{ id: string }>(
          'am',
          'select id from link union select id from connection union select id from ask',
        )
      : [];
  return {
    service,
    port: process.port,
    endpoints: [
      ...programs.map((path) => ({ path, oauth: true })),
      { path: '/authorize', oauth: false },
      ...PAGES[service.service].map((path) => ({ path, oauth: path.startsWith('/register') })),
    ],
    known: [
      ...ids.map(({ id }) => id),
      house.am.url,
      house.host('photos').resource,
      `${documents.url}/first-of-robin.json`,
    ],
    cookie: [...person.cookies.of(new URL(service.url).hostname)].map((pair) => pair.join('=')).join('; '),
    csrf,
  };
}

function shotAt(target: Target): fc.Arbitrary<{ endpoint: Endpoint; shot: Shot }> {
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
      // most routes take one of these two
      method: fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('GET', 'POST') },
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

async function fire(
  target: Target,
  shot: Shot,
  agent: http.Agent,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }> {
  const { method, path, body } = shot;
  const headers = { ...shot.headers, host: new URL(target.service.url).host, 'content-length': body.length };
  const request = http.request({ host: '127.0.0.1', port: target.port, method, path, headers, agent });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
}
