import { randomBytes } from 'node:crypto';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import { type OAuth2Service, startOAuth2Service } from '@chatelaine/stand-in-services';
import { freePort } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { doctor } from '../src/cli/doctor.ts';
import { readConfig } from '../src/config.ts';
import { TestAm } from './support/test-am.ts';
import { callbackAt, CLIENT, connectService, startBridge, type TestBridge } from './support/test-bridge.ts';

let embedded: Embedded;
let am: TestAm;
let chirp: OAuth2Service;
let bridge: TestBridge;
beforeAll(async () => {
  embedded = await sharedEmbedded();
  am = await TestAm.start();
  const port = await freePort();
  const redirectUri = callbackAt(`http://bridge.localhost:${port}`, 'chirp');
  chirp = await startOAuth2Service({ title: 'Chirp', client: { ...CLIENT, redirectUri }, accounts: ['ada'] });
  bridge = await startBridge({
    embedded,
    am,
    port,
    known: [{ id: 'chirp', version: '2.0', title: 'Chirp', port: chirp.port }],
  });
  await connectService(await bridge.browser().signUp('ada'), 'chirp', chirp);
});
afterAll(async () => {
  await Promise.all([bridge.close(), am.close(), chirp.close()]);
  await embedded.stop();
});

const look = (more: Readonly<Record<string, string>> = {}) =>
  doctor(readConfig({ ...bridge.variables, PORT: '1', ...more }));

test('the doctor finds nothing wrong with a bridge that works, and says what can be connected', async () => {
  const { lines, verdict } = await look();
  expect([verdict, lines.at(-1)]).toEqual([undefined, 'Nothing is wrong.']);
  expect(lines.join('\n')).toMatch(/ok {4}People can connect Chirp\.\n.*no client id for .*GitHub/);
  expect(lines.join('\n')).toContain(`Chirp answers at http://chirp.localhost:${chirp.port}`);
  expect(lines.join('\n')).toContain('1 accounts are connected');
});

test.each([
  [
    'another ENCRYPTION_KEY',
    { ENCRYPTION_KEY: randomBytes(32).toString('base64url') },
    /WRONG The database cannot be used: .*ENCRYPTION_KEY|WRONG 1 credentials cannot be decrypted/,
  ],
  ['a service that is not there', { OUTBOUND_EXCEPTIONS: '[]' }, /WRONG Chirp cannot be reached from here/],
  [
    'a client id that is gone',
    { CLIENTS: JSON.stringify({ github: CLIENT }) },
    /WRONG 1 accounts of chirp can do nothing/,
  ],
  ['a client id for nothing', { CLIENTS: JSON.stringify({ forge: CLIENT }) }, /WRONG CLIENTS names forge/],
  [
    'a database that is away',
    { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/x' },
    /WRONG The database cannot be used/,
  ],
])('it finds %s', async (_what, more, sentence) => {
  const { lines, verdict } = await look(more);
  expect(lines.join('\n')).toMatch(sentence);
  expect(verdict).toBe('wrong');
});
