import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { DeployedService } from '@chatelaine/constellation';
import { signUp } from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Shot, shotAt, type Target } from './shots.ts';
import type { World } from './world.ts';

const SEED = 20_261_123;
/** Shared out among the services; the seed decides what is sent, and the pace of the machine how much of it. */
const RUNS = 600;

/**
 * The pages, in addition to the endpoints in the metadata. `/sign-out` is left out, since it would end the session for
 * everything after it.
 */
const PAGES: Readonly<Record<DeployedService['service'], readonly string[]>> = {
  am: [
    '/',
    '/sign-in',
    '/sign-up',
    '/hosts',
    '/hosts/add',
    '/hosts/:id/name',
    '/hosts/:id/repair',
    '/hosts/:id/stop',
    '/apps',
    '/apps/:id',
    '/apps/:id/name',
    '/apps/:id/rules',
    '/apps/:id/stop',
    '/asks/:id',
    '/timeline',
    '/timeline/:id',
    '/timeline/export',
    '/clients/:id',
    '/icons/:id',
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
  bridge: [
    '/',
    '/sign-in',
    '/sign-up',
    '/services',
    '/services/:id/connect',
    '/services/:id/callback',
    '/services/:id/disconnect',
    '/access',
    '/access/end',
    '/api/chirp/entries',
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

/** Whatever is sent to any route of any service is refused, without an internal error and without ending a process. */
export function fuzz(worldOf: () => World): void {
  describe('whatever is sent to any route', () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const targets: Target[] = [];
    let pids: (number | undefined)[] = [];
    const running = () => worldOf().deployment.services.flatMap(({ processes }) => processes.map(({ pid }) => pid));

    beforeAll(async () => {
      const world = worldOf();
      await signUp(world.owners[2], world.deployment.requester.url);
      for (const name of ['am', 'photos', 'lifestream']) targets.push(await aim(world, name));
      pids = running();
    });
    afterAll(() => agent.destroy());

    test.each(Object.entries(AMBIGUOUS))(
      'that could be read in two ways (%s) is 400, and the connection is closed',
      async (_what, bytes) => {
        for (const { port, service } of targets) {
          const answer = await raw(port, bytes.replace('HOST', new URL(service.url).host));
          expect([service.name, answer.split('\r\n')[0]]).toEqual([service.name, 'HTTP/1.1 400 Bad Request']);
          expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
        }
      },
    );

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
            // an AM and a Requester call other servers, which may be unavailable; no other 5xx is acceptable
            if (seen.status >= 500) expect([502, 503, 504]).toContain(seen.status);
            if (endpoint.oauth && seen.status >= 400 && shot.method !== 'HEAD') {
              expect(JSON.parse(answer.text)).toEqual(
                expect.objectContaining({ error: expect.any(String), error_description: expect.any(String) }),
              );
              expect(answer.headers['cache-control']).toContain('no-store');
            }
            expect(answer.text).not.toContain('"statusCode"');
          }),
          { seed: SEED, numRuns: RUNS, endOnFailure: true },
        );
        expect(shots).toBe(RUNS);
        expect(running()).toEqual(pids);
        expect(worldOf().deployment.logs()).not.toMatch(/unhandled|uncaught/i);
      },
    );
  });
}

/** The targets: the endpoints in the metadata, and the pages. */
async function aim({ deployment, owners, documents }: World, name: string): Promise<Target> {
  const service = deployment.services.find((it) => it.name === name);
  const [process] = service?.processes ?? [];
  if (service === undefined || process === undefined) throw new Error(`There is no ${name}.`);
  const metadata = await deployment.fetch(`${service.url}/.well-known/oauth-authorization-server`);
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
      ? await deployment.database.query<{ id: string }>(
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
      deployment.am.url,
      deployment.host('photos').resource,
      `${documents.origin}/first-of-robin.json`,
    ],
    cookie: [...person.cookies.of(new URL(service.url).hostname)].map((pair) => pair.join('=')).join('; '),
    csrf,
  };
}

/** RFC 9112 §11.2: requests that two recipients could read as two different requests. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'two lengths': 'POST /token HTTP/1.1\r\nhost: HOST\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef',
  'a length and chunks':
    'POST /token HTTP/1.1\r\nhost: HOST\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'a chunk of no size': 'POST /token HTTP/1.1\r\nhost: HOST\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n\r\n',
  'a folded header': 'GET / HTTP/1.1\r\nhost: HOST\r\nx: a\r\n b\r\n\r\n',
  'a bare line feed in a header': 'GET / HTTP/1.1\r\nhost: HOST\r\nx: a\nauthorization: b\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
};

/** Sends these bytes; everything received until the other side closed the connection. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
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
