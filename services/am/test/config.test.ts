import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@chatelaine/service-kit';
import { readConfig } from '../src/config.ts';

const GOOD = {
  ISSUER: 'https://am.example',
  PORT: '4800',
  DATABASE_URL: 'postgresql://am@127.0.0.1/chatelaine',
  ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64url'),
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the configuration', () => {
  test('what is not said is safe: loopback, no exceptions, https only', () => {
    expect(readConfig(GOOD)).toMatchObject({
      listenAddress: '127.0.0.1',
      exceptions: [],
      clientDocuments: 'read',
      demo: false,
      schemes: ['https'],
    });
  });

  test('activity is kept for two years', () => {
    const retention = { transferDays: 730, revocationDays: 730, timelineDays: 730 };
    expect(readConfig(GOOD).retention).toEqual(retention);
  });

  test('mail is off unless both of its settings are there, and one alone is refused', () => {
    expect(readConfig(GOOD).mail).toBeNull();
    const mail = { SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'am@am.example' };
    expect(readConfig({ ...GOOD, ...mail }).mail).toEqual({ url: 'smtp://mail.example', from: 'am@am.example' });
    for (const alone of [{ SMTP_URL: mail.SMTP_URL }, { MAIL_FROM: mail.MAIL_FROM }])
      expect(problemsOf({ ...GOOD, ...alone }).join()).toContain('set together');
  });

  test('everything missing is named at once', () => {
    expect(problemsOf({})).toEqual([
      'ISSUER is not set.',
      'PORT is not set.',
      'DATABASE_URL is not set.',
      'ENCRYPTION_KEY is not set.',
    ]);
  });

  test.each([
    ['http://am.example'],
    ['https://am.example/'],
    ['https://AM.example'],
    ['https://am.example:443'],
    ['https://am.example/x'],
    ['am.example'],
  ])('ISSUER %s is refused', (issuer) => {
    expect(problemsOf({ ...GOOD, ISSUER: issuer }).join()).toContain('ISSUER must be an origin');
  });

  test('http is for demos', () => {
    expect(readConfig({ ...GOOD, ISSUER: 'http://am.localhost:4800', DEMO: 'true' }).schemes).toEqual([
      'https',
      'http',
    ]);
  });

  test.each([
    ['ENCRYPTION_KEY', 'c2hvcnQ'],
    ['OUTBOUND_EXCEPTIONS', '{"host":"x"}'],
    ['OUTBOUND_EXCEPTIONS', '[{"host":"*.example","port":443,"scheme":"https","cidr":"10.0.0.0/8"}]'],
    ['DEMO', 'yes'],
    ['PORT', '99999'],
    ['DATABASE_URL', 'mysql://x'],
  ])('a wrong %s is named, its value is not', (name, value) => {
    const problems = problemsOf({ ...GOOD, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} `));
    expect(problems[0]).not.toContain(value);
  });

  test('failpoints are for demos, and have names', () => {
    expect(problemsOf({ ...GOOD, FAILPOINTS: 'transfer.begun' })).toEqual([
      'FAILPOINTS is for tests, and needs DEMO=true.',
    ]);
    expect(problemsOf({ ...GOOD, DEMO: 'true', FAILPOINTS: 'nowhere' }).join()).toContain(
      'FAILPOINTS must be name or name:times',
    );
    expect(readConfig({ ...GOOD, DEMO: 'true', FAILPOINTS: 'transfer.begun:3' }).failpoints).toEqual([
      { name: 'transfer.begun', times: 3 },
    ]);
  });
});
