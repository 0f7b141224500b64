import { connect, type LookupFunction } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createConnector } from '../../src/connector.ts';
import { createSsrfPolicy } from '../../src/ssrf-policy.ts';
import type { Resolve } from '../../src/index.ts';
import { names, outboundWith, serveRaw } from '../servers.ts';

export function connecting(): void {
  describe('a name is refused if one of its addresses is (M4)', () => {
    test.each([
      ['a private address', ['10.0.0.5']],
      ['loopback', ['127.0.0.1']],
      ['loopback in IPv6', ['::1']],
      ['loopback in IPv4 inside IPv6', ['::ffff:127.0.0.1']],
      ['link-local with a zone', ['fe80::1%eth0']],
      ['the metadata service', ['169.254.169.254']],
      ['one public and one private address', ['8.8.8.8', '192.168.0.1']],
      ['a public IPv6 and a private IPv4 address', ['2606:4700::1111', '10.0.0.1']],
      ['something that is no address', ['localhost']],
    ])('a public name that resolves to %s is refused', async (_what, addresses) => {
      const outbound = outboundWith({ resolve: names({ 'photos.example': addresses }) });
      expect(outbound.check('https://photos.example/').kind).toBe('allowed');
      expect(await outbound.fetchJson({ url: 'https://photos.example/' })).toMatchObject({
        kind: 'failed',
        reason: 'refused',
      });
      await expect(outbound.fetch('https://photos.example/')).rejects.toMatchObject({ reason: 'refused' });
    });

    test('a name without addresses, or an unknown one, is unreachable', async () => {
      const empty = outboundWith({ resolve: names({}) });
      expect(await empty.fetchJson({ url: 'https://photos.example/' })).toMatchObject({
        kind: 'failed',
        reason: 'unreachable',
      });
      const unknown = outboundWith({
        resolve: () => Promise.reject(Object.assign(new Error('secret name'), { code: 'ENOTFOUND' })),
      });
      const failed = await unknown.fetchJson({ url: 'https://photos.example/' });
      expect(failed).toEqual({ kind: 'failed', reason: 'unreachable', detail: 'The connection failed (ENOTFOUND).' });
    });
  });

  describe('the address connected to is the address checked (M5)', () => {
    const policy = createSsrfPolicy({ exceptions: [], demo: false });
    const request = { hostname: 'photos.example', host: 'photos.example', protocol: 'https:', port: '' };
    const attempt = (connector: ReturnType<typeof createConnector>) =>
      new Promise<unknown>((resolve) => connector(request, (...[error]) => resolve(error)));

    test('DNS is asked once per connection, which knows only that answer; a second counts for the next', async () => {
      const answers = [['8.8.8.8'], ['127.0.0.1']];
      let asked = 0;
      const resolve: Resolve = () =>
        Promise.resolve((answers[asked++] ?? []).map((address) => ({ address, family: 4 })));
      const tried: unknown[] = [];
      const connector = createConnector({
        policy,
        resolve,
        timeoutSeconds: 1,
        build: (options) => (_request, callback) => {
          const { lookup } = options as { lookup: LookupFunction };
          lookup('photos.example', { all: true }, (_error, addresses) => {
            tried.push(addresses);
            callback(new Error('nothing there'), null);
          });
        },
      });
      expect(await attempt(connector)).toMatchObject({ reason: 'unreachable' });
      expect([asked, tried]).toEqual([1, [[{ address: '8.8.8.8', family: 4 }]]]);
      expect(await attempt(connector)).toMatchObject({ reason: 'refused' });
      expect([asked, tried.length]).toEqual([2, 1]);
    });

    test('a socket that ended at another address all the same is closed before a byte is sent', async () => {
      const received: Buffer[] = [];
      const gone = Promise.withResolvers<void>();
      const server = await serveRaw((socket) =>
        socket.on('data', (chunk) => received.push(chunk)).on('close', () => gone.resolve()),
      );
      const connector = createConnector({
        policy,
        resolve: names({ 'photos.example': ['8.8.8.8'] }),
        timeoutSeconds: 1,
        build: () => (_request, callback) => {
          const socket = connect(server.port, '127.0.0.1', () => callback(null, socket));
        },
      });
      expect(await attempt(connector)).toMatchObject({ reason: 'refused' });
      await gone.promise;
      expect(received).toEqual([]);
    });

    test('the connector judges the destination itself, whoever asks', async () => {
      const connector = createConnector({ policy, resolve: names({}), timeoutSeconds: 1 });
      for (const hostname of ['127.0.0.1', '::1', 'localhost']) {
        const error = await new Promise((resolve) =>
          connector({ ...request, hostname, host: hostname }, (...[failure]) => resolve(failure)),
        );
        expect(error).toMatchObject({ reason: 'refused' });
      }
    });
  });

  test('a private authority is trusted in addition to the public ones, not instead of them', async () => {
    const trusted: unknown[] = [];
    const connector = createConnector({
      policy: createSsrfPolicy({ exceptions: [], demo: false }),
      resolve: names({ 'photos.example': ['8.8.8.8'] }),
      timeoutSeconds: 1,
      ca: 'private',
      build: (options) => (_request, callback) => {
        trusted.push(...[(options as { ca: unknown }).ca].flat());
        callback(new Error('nothing there'), null);
      },
    });
    const request = { hostname: 'photos.example', host: 'photos.example', protocol: 'https:', port: '' };
    await new Promise((resolve) => connector(request, (...[error]) => resolve(error)));
    expect(trusted).toContain('private');
    expect(trusted.length).toBeGreaterThan(50);
  });
}
