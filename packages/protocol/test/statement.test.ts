import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { transferStatementSchema } from '../src/index.ts';

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
