import { createHmac } from 'node:crypto';
import { type OAuth1Service, startOAuth1Service } from '@chatelaine/stand-in-services';
import { type Answer, send } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import OAuth from 'oauth-1.0a';

// what the tests of the bridge lean on: that a signature is looked at, and how

const client = { key: 'a-client', secret: 'its-secret' };
let service: OAuth1Service;
beforeAll(async () => {
  service = await startOAuth1Service({ title: 'Plume', client, accounts: ['ada'] });
});
afterAll(() => service.close());

const path = '/oauth/request_token';

interface Signed {
  readonly consumer?: { readonly key: string; readonly secret: string };
  readonly method?: string;
  /** Seconds from now. */
  readonly later?: number;
  /** Put into the header after it was signed. */
  readonly over?: Readonly<Record<string, string>>;
}

/** What a client sends that signs with a library of its own. */
function signed({ consumer = client, later = 0, over = {} }: Signed = {}): { authorization: string } {
  const oauth = new OAuth({
    consumer,
    signature_method: 'HMAC-SHA1',
    hash_function: (base, key) => createHmac('sha1', key).update(base).digest('base64'),
  });
  oauth.getTimeStamp = () => Math.floor(Date.now() / 1000) + later;
  const data = { oauth_callback: 'http://bridge.localhost/' };
  const parameters = oauth.authorize({ url: `http://127.0.0.1:${service.port}${path}`, method: 'POST', data });
  return { authorization: oauth.toHeader({ ...parameters, ...data, ...over }).Authorization };
}
const ask = (headers: { authorization: string }, method = 'POST'): Promise<Answer> =>
  send(service.port, { method, path, headers });

describe('the stand-in by OAuth 1.0a', () => {
  test('takes what is signed well, and its nonce once', async () => {
    const headers = signed();
    expect((await ask(headers)).text).toContain('oauth_callback_confirmed=true');
    expect([(await ask(headers)).status, service.refused.at(-1)]).toEqual([401, 'nonce used']);
  });

  test.each<[string, Signed, string]>([
    ['another secret', { consumer: { ...client, secret: 'guessed' } }, 'signature'],
    ['another client', { consumer: { ...client, key: 'somebody' } }, 'consumer key'],
    ['another method than was signed', { method: 'GET' }, 'signature'],
    ['another nonce than was signed', { over: { oauth_nonce: 'another' } }, 'signature'],
    ['another callback than was signed', { over: { oauth_callback: 'http://evil.example/' } }, 'signature'],
    ['another way to sign', { over: { oauth_signature_method: 'PLAINTEXT' } }, 'signature method'],
    ['a time long ago', { later: -3_600 }, 'timestamp'],
    ['a time to come', { later: 3_600 }, 'timestamp'],
  ])('refuses %s', async (_what, how, why) => {
    expect([(await ask(signed(how), how.method)).status, service.refused.at(-1)]).toEqual([401, why]);
  });
});
