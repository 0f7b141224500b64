import { describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { TransferOutcome } from '../src/index.ts';
import { connected, startApp } from './support/app.ts';
import { deploymentForAll, itemsOf, ndjson, type Reply, transferAnswer } from './support/deployment.ts';

// whatever the AM answers wrongly, every item gets exactly one outcome, and only a token for what it asked for

const deployment = await deploymentForAll();

type Item = { id: string; resource: string; scope: string };
type Line = Record<string, unknown>;

/** Requests tokens for rooms 0, 1 and 2; the outcomes in that order. */
async function ask(
  answer: (items: Item[], good: (item: Item | undefined) => Line) => Reply,
): Promise<TransferOutcome[]> {
  const { requester } = startApp(deployment);
  deployment.received.length = 0;
  const ref = await connected(deployment, requester);
  const jkt = deployment.received.find(({ form }) => form.has('dpop_jkt'))?.form.get('dpop_jkt') ?? '';
  deployment.on['am /transfers'] = (one) =>
    answer(itemsOf(one), (item) => {
      const { id = '', resource = '', scope = '' } = item ?? {};
      const token = transferAnswer(new URLSearchParams({ resource, scope }), jkt, deployment.host);
      return { id, status: 200, ...token, access_token: `at-${id}` };
    });
  const items = [0, 1, 2].map((index) => ({ resource: `${deployment.resource}/${index}`, scope: 'entries.read' }));
  const outcomes: TransferOutcome[] = [];
  for await (const { index, outcome } of requester.transfers({ ...ref, items })) {
    expect(outcomes[index]).toBeUndefined();
    outcomes[index] = outcome;
  }
  expect(outcomes.filter(() => true)).toHaveLength(3);
  return outcomes;
}
const lines = (...all: (Line | string)[]): Reply =>
  ndjson((response) =>
    response.end(all.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('')),
  );
const kindsOf = async (...of: Parameters<typeof ask>) => (await ask(...of)).map(({ kind }) => kind);

describe('an answer', () => {
  test.each<[string, (good: (item: Item | undefined) => Line, items: Item[]) => Line]>([
    ['with another one’s token', (good, [, b]) => ({ ...good(b), id: '0' })],
    ['bound to another key', (good, [a]) => ({ ...good(a), cnf: { jkt: 'x'.repeat(43) } })],
    ['bound to none', (good, [a]) => ({ ...good(a), token_type: 'Bearer', cnf: undefined })],
    ['of another Host', (good, [a]) => ({ ...good(a), iss: 'http://evil.localhost' })],
    ['for more than asked', (good, [a]) => ({ ...good(a), scope: 'entries.read entries.write' })],
    ['that is no token response', (good, [a]) => ({ ...good(a), expires_in: 'long' })],
    ['with a status of its own making', (good, [a]) => ({ ...good(a), status: 201 })],
    ['that is an error without one', (_good, [a]) => ({ id: a?.id, status: 400 })],
    [
      'that sends the owner elsewhere',
      (_good, [a]) => ({
        id: a?.id,
        status: 400,
        error: 'interaction_required',
        interaction_uri: 'http://evil.localhost/asks',
      }),
    ],
  ])('%s is not used, and the others are', async (_name, wrong) => {
    const kinds = await kindsOf((items, good) => lines(wrong(good, items), good(items[1]), good(items[2])));
    expect(kinds).toEqual(['unusable', 'token', 'token']);
  });

  test('that is a refusal means what it means alone', async () => {
    const refusals: Line[] = [
      { id: '0', status: 400, error: 'access_denied', denied_by: 'host', requestable: false },
      { id: '1', status: 400, error: 'interaction_required', interaction_uri: `${deployment.am}/asks/1` },
      { id: '2', status: 429, error: 'temporarily_unavailable', retry_after: 9 },
    ];
    expect(await ask(() => lines(...refusals))).toEqual([
      { kind: 'access_denied', by: 'host', requestable: false },
      { kind: 'interaction_required', interactionUri: `${deployment.am}/asks/1` },
      expect.objectContaining({ kind: 'try_later', at: 'am', retryAfter: 9 }),
    ]);
    const away = { status: 503, error: 'temporarily_unavailable', retry_after: 9 };
    const outages: Line[] = [
      { id: '0', ...away },
      { id: '1', ...away, unavailable: 'host' },
      { id: '2', ...away, status: 504 },
    ];
    const whose = (await ask(() => lines(...outages))).map((one) => ('at' in one ? [one.kind, one.at] : one));
    expect(whose).toEqual([
      ['try_later', 'am'],
      ['try_later', 'host'],
      ['try_later', 'host'],
    ]);
  });
});

describe('an AM that mixes up what it answers is believed no further', () => {
  test.each<[string, (good: (item: Item | undefined) => Line, items: Item[]) => Line | string]>([
    ['an id nobody asked with', (good, [a]) => ({ ...good(a), id: '7' })],
    ['an id twice', (good, [a]) => good(a)],
    ['no id', (good, [, b]) => ({ ...good(b), id: undefined })],
    ['a member twice', () => '{"id":"1","id":"2","status":400,"error":"access_denied"}'],
    ['HTML', () => '<html><body>Sign in</body></html>'],
    ['half a line', () => '{"id":"1","status":200,"access_'],
    ['bytes that are no text', () => '\u{fffd}\u0000'],
    ['a list', () => '[{"id":"1"}]'],
    ['a line of 16 KB', (good, [, b]) => ({ ...good(b), more: 'x'.repeat(16_384) })],
  ])('%s', async (_name, wrong) => {
    const kinds = await kindsOf((items, good) =>
      lines(good(items[0]), wrong(good, items), good(items[1]), good(items[2])),
    );
    expect(kinds).toEqual(['token', 'unusable', 'unusable']);
  });
});

describe('a stream', () => {
  test('that ends early leaves the rest for later', async () => {
    expect(await ask((items, good) => lines(good(items[1])))).toMatchObject([
      { kind: 'try_later', at: 'am' },
      { kind: 'token' },
      { kind: 'try_later', at: 'am' },
    ]);
    const cut = (response: ServerResponse, text: string) => response.write(text, () => response.destroy());
    const kinds = await kindsOf((items, good) =>
      ndjson((response) => void cut(response, `${JSON.stringify(good(items[0]))}\n{"id"`)),
    );
    expect(kinds).toEqual(['token', 'try_later', 'try_later']);
  });

  test('that never ends is left as soon as all is answered, and when it is too much', async () => {
    let closed = Promise.withResolvers<unknown>();
    const open = (text: string): Reply =>
      ndjson((response) => {
        closed = Promise.withResolvers();
        response.once('close', closed.resolve);
        response.write(text);
      });
    const all = (items: Item[], good: (item: Item | undefined) => Line) =>
      items.map((item) => `${JSON.stringify(good(item))}\n`).join('');
    expect(await kindsOf((items, good) => open(all(items, good)))).toEqual(['token', 'token', 'token']);
    await closed.promise;
    expect(await kindsOf(() => open('\n'.repeat(200_000)))).toEqual(['unusable', 'unusable', 'unusable']);
    await closed.promise;
    expect(await kindsOf(() => open('x'.repeat(20_000)))).toEqual(['unusable', 'unusable', 'unusable']);
    await closed.promise;
  });

  test.each<[string, Reply, object]>([
    [
      'HTML',
      { headers: { 'content-type': 'text/html' }, raw: (response) => response.end('<html>') },
      { kind: 'unusable' },
    ],
    ['one JSON document', { json: { transfers: [] } }, { kind: 'unusable' }],
    ['a redirect', { status: 302, headers: { location: 'http://evil.localhost/' } }, { kind: 'unusable' }],
    ['nothing with 404', { status: 404 }, { kind: 'unusable' }],
    [
      'a throttle',
      { status: 429, json: { error: 'temporarily_unavailable' }, headers: { 'retry-after': '7' } },
      { kind: 'try_later', at: 'am', retryAfter: 7 },
    ],
    ['an outage', { status: 503, json: { error: 'temporarily_unavailable' } }, { kind: 'try_later', at: 'am' }],
    ['a client it does not know', { status: 401, json: { error: 'invalid_client' } }, { kind: 'reconnect' }],
  ])('that is %s instead is one answer for all', async (_name, reply, expected) => {
    expect(await ask(() => reply)).toMatchObject([expected, expected, expected]);
  });

  test('begins again with the nonce the AM wants', async () => {
    let asked = 0;
    const kinds = await kindsOf((items, good) => {
      asked += 1;
      return asked === 1
        ? { status: 401, json: { error: 'use_dpop_nonce' }, headers: { 'dpop-nonce': 'n1' } }
        : lines(...items.map(good));
    });
    expect([asked, ...kinds]).toEqual([2, 'token', 'token', 'token']);
    const proof = String(deployment.received.findLast(({ path }) => path === 'am /transfers')?.headers['dpop']);
    expect(JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ nonce: 'n1' });
  });
});

test('an AM whose endpoint for many is somewhere else is no AM', async () => {
  deployment.metadata = { chatelaine_transfers_endpoint: 'http://evil.localhost/' };
  const { requester } = startApp(deployment);
  expect((await requester.connect({ owner: 'kim', am: deployment.am })).kind).toBe('failed');
});
