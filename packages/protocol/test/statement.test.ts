import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canWait, requesterStatementSchema, transferStatementSchema } from '../src/index.ts';

const good = {
  iss: 'https://am.example',
  sub: 'https://reader.example/client.json',
  aud: 'https://photos.example',
  iat: 1_700_000_000,
  exp: 1_700_000_060,
  jti: 'j'.repeat(22),
  ath: 'a'.repeat(43),
  resource: 'https://photos.example/api',
  scope: 'entries.read',
  cnf: { jkt: 'k'.repeat(43) },
  grant_id: 'g'.repeat(22),
  client_name: 'Reader',
  client_uri: 'https://reader.example',
};

test('a statement with one claim changed to anything is one of the right types, or none', () => {
  expect(transferStatementSchema.safeParse(good).success).toBe(true);
  const name = fc.constantFrom(...(Object.keys(good) as (keyof typeof good)[]), 'bearer' as const);
  const texts = ['iss', 'sub', 'aud', 'jti', 'ath', 'resource', 'scope', 'grant_id'] as const;
  fc.assert(
    fc.property(name, fc.jsonValue(), (changed, value) => {
      const read = transferStatementSchema.safeParse({ ...good, [changed]: value });
      if (!read.success) return;
      for (const text of texts) expect(typeof read.data[text]).toBe('string');
      expect(typeof read.data.exp).toBe('number');
      if (read.data.cnf !== undefined) expect(read.data.cnf.jkt).toHaveLength(43);
      expect([undefined, true]).toContain(read.data.bearer);
    }),
    { numRuns: 3_000, seed: 38 },
  );
});

test('anything else is none', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(transferStatementSchema.safeParse(value).success).toBe(false);
    }),
    { numRuns: 500, seed: 39 },
  );
});

test('a Requester’s own statement with one claim changed to anything is one of the right types, or none', () => {
  const { iss: _, ath: _ath, grant_id: _grant, client_name: _name, client_uri: _uri, ...shared } = good;
  const own = { ...shared, iss: good.sub };
  expect(requesterStatementSchema.safeParse(own).success).toBe(true);
  const name = fc.constantFrom(...(Object.keys(own) as (keyof typeof own)[]));
  fc.assert(
    fc.property(name, fc.jsonValue(), (changed, value) => {
      const read = requesterStatementSchema.safeParse({ ...own, [changed]: value });
      if (!read.success) return;
      for (const text of ['iss', 'sub', 'aud', 'jti', 'resource', 'scope'] as const)
        expect(typeof read.data[text]).toBe('string');
      expect(read.data.cnf.jkt).toHaveLength(43);
    }),
    { numRuns: 1_000, seed: 40 },
  );
});

test.each([
  [undefined, false],
  ['', false],
  ['deferred', true],
  ['callback deferred', true],
  ['Deferred', false],
  ['deferredx', false],
  ['deferred,callback', false],
])('completion_mode %j says that the client can wait: %j', (given, says) => expect(canWait(given)).toBe(says));
