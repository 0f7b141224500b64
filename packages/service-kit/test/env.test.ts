import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import {
  ConfigError,
  databaseUrl,
  flag,
  integer,
  json,
  key,
  oneOf,
  optional,
  parsedBy,
  port,
  readEnv,
  SERVICE_FIELDS,
  text,
} from '../src/index.ts';

const SPEC = {
  NAME: text,
  PORT: optional(port, 4800),
  DEMO: optional(flag, false),
  LEVEL: oneOf(['info', 'debug']),
  KEY: key(32),
  DATABASE_URL: databaseUrl,
  LIST: optional(json(z.array(z.object({ host: z.string() }))), []),
  WORKERS: integer({ min: 1, max: 8 }),
  UPPER: parsedBy((it) => (it === it.toUpperCase() ? it : null), 'be in capital letters'),
};

const GOOD = {
  NAME: 'inn',
  LEVEL: 'debug',
  KEY: Buffer.alloc(32, 1).toString('base64url'),
  DATABASE_URL: 'postgresql://inn@127.0.0.1/inn',
  LIST: '[{"host":"photos.localhost"}]',
  WORKERS: '2',
  UPPER: 'ABC',
};

describe('readEnv', () => {
  test('reads typed values and takes the fallback for what is not set or empty', () => {
    const env = readEnv({ ...GOOD, PORT: '' }, SPEC);
    expect(env).toEqual({
      ...GOOD,
      PORT: 4800,
      DEMO: false,
      KEY: Buffer.alloc(32, 1),
      LIST: [{ host: 'photos.localhost' }],
      WORKERS: 2,
    });
    const level: 'info' | 'debug' = env.LEVEL;
    expect(level).toBe('debug');
  });

  test('names every problem at once, each in a sentence, and never a value', () => {
    const secret = 'not-a-key-but-perhaps-a-secret';
    const env = {
      PORT: '99999',
      DEMO: 'yes',
      LEVEL: 'loud',
      KEY: secret,
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      LIST: '[{}]',
      WORKERS: '1e1',
      UPPER: 'abc',
    };
    const read = () => readEnv(env, SPEC);
    expect(read).toThrow(ConfigError);
    let problems: readonly string[] = [];
    try {
      read();
    } catch (error) {
      problems = (error as ConfigError).problems;
    }
    expect(problems.map((problem) => problem.split(' (')[0])).toEqual([
      'NAME is not set.',
      'PORT must be a whole number from 0 to 65535.',
      'DEMO must be true or false.',
      'LEVEL must be one of info, debug.',
      'KEY must be 32 bytes in base64url',
      'DATABASE_URL must be a postgresql:// URL.',
      'LIST is not of the right shape',
      'WORKERS must be a whole number from 1 to 8.',
      'UPPER must be in capital letters.',
    ]);
    expect(problems.join()).not.toMatch(/secret|hunter2/);
  });
});

test('trusted proxies are exact addresses and CIDRs', () => {
  const { TRUSTED_PROXIES } = SERVICE_FIELDS;
  const read = (given: string) => readEnv({ TRUSTED_PROXIES: given }, { TRUSTED_PROXIES }).TRUSTED_PROXIES;
  expect(read('')).toEqual([]);
  expect(read('172.28.48.0/24, 10.0.0.7,fd00::/8')).toEqual(['172.28.48.0/24', '10.0.0.7', 'fd00::/8']);
  for (const wrong of ['all', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.1,', '::1/129', '10.0.0.1/'])
    expect(() => read(wrong)).toThrow('TRUSTED_PROXIES must be addresses or CIDRs');
});

test('the mail server is a host and nothing else, and the sender one address', () => {
  const { SMTP_URL, MAIL_FROM } = SERVICE_FIELDS;
  const read = (given: Record<string, string>) => readEnv(given, { SMTP_URL, MAIL_FROM });
  expect(read({})).toEqual({ SMTP_URL: null, MAIL_FROM: null });
  const good = { SMTP_URL: 'smtps://user:p%40ss@mail.example:465', MAIL_FROM: 'My AM <am@am.example>' };
  expect(read(good)).toEqual(good);
  for (const SMTP_URL of ['mail.example', 'http://mail.example', 'smtp://', 'smtp://mail.example/?tls=no'])
    expect(() => read({ SMTP_URL })).toThrow('SMTP_URL must be');
  for (const MAIL_FROM of ['AM', 'a@b\nBcc: c@d', 'a@b, c@d', 'AM <a@b> x', '<a@b>'])
    expect(() => read({ MAIL_FROM })).toThrow('MAIL_FROM must be');
});
