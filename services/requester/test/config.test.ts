import { expect, test } from '@jest/globals';
import { readConfig } from '../src/config.ts';

const good = {
  ISSUER: 'https://lifestream.example',
  PORT: '4820',
  DATABASE_URL: 'postgresql://lifestream@127.0.0.1/deployment',
  ENCRYPTION_KEY: Buffer.alloc(32).toString('base64url'),
};

test('a minimal configuration is enough, and closed', () => {
  expect(readConfig(good)).toMatchObject({
    name: 'Lifestream',
    listenAddress: '127.0.0.1',
    exceptions: [],
    demo: false,
    schemes: ['https'],
  });
});

test('every problem is told in one sentence, and no value', () => {
  const wrong = {
    ISSUER: 'https://lifestream.example',
    PORT: 'x',
    ENCRYPTION_KEY: 'c2VjcmV0',
    OUTBOUND_EXCEPTIONS: '{}',
  };
  expect(() => readConfig(wrong)).toThrow(
    expect.objectContaining({ problems: expect.arrayContaining([expect.any(String)]) }),
  );
  try {
    readConfig(wrong);
  } catch (error) {
    const { problems } = error as { problems: string[] };
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('c2VjcmV0');
  }
});

test('an http issuer needs demo mode', () => {
  const http = { ...good, ISSUER: 'http://lifestream.localhost:4820' };
  expect(() => readConfig(http)).toThrow(/DEMO/);
  expect(readConfig({ ...http, DEMO: 'true' }).schemes).toContain('http');
  for (const ISSUER of ['https://lifestream.example/', 'https://Lifestream.example', 'lifestream.example']) {
    expect(() => readConfig({ ...good, ISSUER })).toThrow(/canonical/);
  }
});
