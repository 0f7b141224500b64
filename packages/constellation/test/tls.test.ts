import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLocalAuthority } from '@chatelaine/test-kit';
import { createLoopbackFetch } from '../src/index.ts';

const authority = createLocalAuthority();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'authority-'));
const server = https.createServer(authority.certificate(['apps.localhost']), (_request, response) =>
  response.end('hello'),
);
let port: number;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.close();
  fs.rmSync(folder, { recursive: true });
});

async function ask(name: string, ca?: string): Promise<string> {
  const way = createLoopbackFetch(ca === undefined ? {} : { ca });
  try {
    return await (await way.fetch(`https://${name}:${port}/`)).text();
  } catch (error) {
    return (error as { cause: { code: string } }).cause.code;
  } finally {
    await way.close();
  }
}

test('its certificate is believed by those who trust the authority, for its own name', async () => {
  expect(await ask('apps.localhost', authority.ca)).toBe('hello');
  expect(await ask('am.localhost', authority.ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await ask('apps.localhost', createLocalAuthority().ca)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  expect(await ask('apps.localhost')).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('a process that is told so believes it beside the public authorities', async () => {
  const script = `require('node:https').get(
    { host: '127.0.0.1', port: ${port}, servername: 'apps.localhost', agent: false },
    (answer) => answer.pipe(process.stdout))`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority.write(folder) };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
  expect(stdout).toBe('hello');
});

test('what it certifies can sign no more certificates', () => {
  const [root, leaf] = [authority.ca, authority.certificate(['apps.localhost']).cert].map(
    (pem) => new X509Certificate(pem),
  );
  expect([root?.ca, leaf?.ca]).toEqual([true, false]);
});
