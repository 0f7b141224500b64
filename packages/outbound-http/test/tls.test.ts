import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocalAuthority } from '@chatelaine/test-kit';
import { closeAll, names, outboundWith, serveTls } from './servers.ts';

afterEach(closeAll);

const authority = createLocalAuthority();
const NAME = 'photos.example';
const document = (_request: unknown, response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end('{"ok":true}');
const reach = (port: number, ca?: string) =>
  outboundWith({
    exceptions: [{ host: NAME, port, scheme: 'https', cidr: '127.0.0.1/32' }],
    resolve: names({ [NAME]: ['127.0.0.1'] }),
    ...(ca === undefined ? {} : { ca }),
  });

describe('TLS is always verified (M18)', () => {
  test('a certificate of a private authority is accepted if that authority is configured', async () => {
    const { port } = await serveTls(authority.certificate([NAME]), document);
    const outbound = reach(port, authority.ca);
    expect(await outbound.fetchJson({ url: `https://${NAME}:${port}/` })).toMatchObject({
      kind: 'ok',
      json: { ok: true },
    });
    expect((await outbound.fetch(`https://${NAME}:${port}/`)).status).toBe(200);
  });

  test.each([
    ['of an unknown authority', () => authority.certificate([NAME]), undefined],
    ['of another authority', () => authority.certificate([NAME]), createLocalAuthority().ca],
    ['signed by itself', () => authority.itself, undefined],
    ['that has expired', () => authority.certificate([NAME], -3600), authority.ca],
    ['for another name', () => authority.certificate(['calendar.example']), authority.ca],
    ['for a name below', () => authority.certificate([`x.${NAME}`]), authority.ca],
  ])('a certificate %s is refused', async (_what, certificate, ca) => {
    const { port } = await serveTls(certificate(), document);
    expect(await reach(port, ca).fetchJson({ url: `https://${NAME}:${port}/` })).toMatchObject({
      kind: 'failed',
      reason: 'unreachable',
    });
  });

  test('no environment variable turns that off', async () => {
    const { port } = await serveTls(authority.certificate([NAME]), document);
    const script = `
      import { createOutbound } from ${JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)))};
      const outbound = createOutbound({
        demo: false,
        exceptions: [{ host: '${NAME}', port: ${port}, scheme: 'https', cidr: '127.0.0.1/32' }],
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      });
      const result = await outbound.fetchJson({ url: 'https://${NAME}:${port}/' });
      console.log(result.kind, result.reason);
      await outbound.close();`;
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_ENV: 'development' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
    expect(stdout.trim()).toBe('failed unreachable');
  });
});
