import { expect, test } from '@jest/globals';
import { readConfig } from '../src/config.ts';

const good = {
  ISSUER: 'https://photos.example',
  NAME: 'Photos',
  FLAVOR: 'photos',
  PORT: '4811',
  DATABASE_URL: 'postgresql://photos@127.0.0.1/x',
  ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64url'),
};

test('a good environment is read, with its defaults', () => {
  expect(readConfig(good)).toMatchObject({
    issuer: 'https://photos.example',
    flavor: 'photos',
    port: 4811,
    listenAddress: '127.0.0.1',
    exceptions: [],
    demo: false,
  });
});

test('what is missing or wrong is told in one go, a sentence each, without the values', () => {
  expect(() =>
    readConfig({
      ...good,
      FLAVOR: 'cats',
      ENCRYPTION_KEY: 'secret',
      DATABASE_URL: undefined,
      OUTBOUND_EXCEPTIONS: '{}',
    }),
  ).toThrow(
    new RegExp(
      [
        String.raw`FLAVOR must be one of photos, calendar, notes\.`,
        String.raw`DATABASE_URL is not set\.`,
        'ENCRYPTION_KEY must be 32 bytes',
        'OUTBOUND_EXCEPTIONS must be',
      ].join('[^]*'),
    ),
  );
  expect(() => readConfig({ ...good, ENCRYPTION_KEY: 'secret' })).not.toThrow(/: secret|"secret"/);
});

test('http is for demos', () => {
  const http = { ...good, ISSUER: 'http://photos.localhost:4811' };
  expect(() => readConfig(http)).toThrow('http needs DEMO=true');
  expect(readConfig({ ...http, DEMO: 'true' }).issuer).toBe('http://photos.localhost:4811');
  for (const ISSUER of [
    'https://photos.example/',
    'https://photos.example:443',
    'https://Photos.example',
    'https://photos.example/x',
    'photos.example',
  ]) {
    expect(() => readConfig({ ...good, ISSUER })).toThrow('ISSUER must be an origin');
  }
});

test('failpoints are for demos, and have names', () => {
  expect(() => readConfig({ ...good, FAILPOINTS: 'transfer.minted' })).toThrow(
    'FAILPOINTS is for tests, and needs DEMO=true.',
  );
  expect(() => readConfig({ ...good, DEMO: 'true', FAILPOINTS: 'nowhere' })).toThrow(
    'FAILPOINTS must be name or name:times',
  );
  expect(readConfig({ ...good, DEMO: 'true', FAILPOINTS: 'transfer.minted' }).failpoints).toEqual([
    { name: 'transfer.minted', times: 1 },
  ]);
});
