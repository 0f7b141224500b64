import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { challengeOf, createVerifier, generateSigningKey, signShortJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, formatForm, JWT_TYP } from '@chatelaine/protocol';
import { type Answer, type Running, serve } from '@chatelaine/test-kit';
import { TestDeployment } from './support/deployment.ts';
import { clock, exchange } from './support/requester.ts';

let deployment: TestDeployment;
let odd: Running;
let origin: string;

const JSON_TYPE = { 'content-type': 'application/json' };

beforeAll(async () => {
  odd = await serve((request, response) => {
    switch (new URL(request.url ?? '', 'http://odd').pathname) {
      case '/moved':
        return response.writeHead(302, { location: '/' }).end();
      case '/large':
        return response.writeHead(200, JSON_TYPE).end(JSON.stringify({ client_name: 'x'.repeat(70_000) }));
      case '/page':
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<p>secret</p>');
      case '/broken':
        return response.writeHead(200, JSON_TYPE).end('{"secret":');
      case '/hangs':
        return undefined;
      case '/breaks':
        return request.socket.destroy();
      default:
        return response.writeHead(404, JSON_TYPE).end('{"secret":1}');
    }
  });
  origin = `http://odd.localhost:${odd.port}`;
  deployment = await TestDeployment.build({ reachable: [origin] });
});
afterAll(async () => {
  await deployment.close();
  await odd.close();
});

const post = (path: string, form: Readonly<Record<string, string>>): Promise<Answer> =>
  exchange(deployment.ams[0].port, {
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: formatForm(form),
  });
const request = {
  response_type: 'code',
  scope: 'transfer',
  redirect_uri: 'https://app.example/callback',
  code_challenge: challengeOf(createVerifier()),
  code_challenge_method: 'S256',
};
const push = (clientId: string) => post('/par', { ...request, client_id: clientId });
const redeem = (clientId: string) =>
  post('/token', { client_id: clientId, grant_type: 'authorization_code', code: 'x', code_verifier: createVerifier() });
const authorize = (clientId: string) =>
  exchange(deployment.ams[0].port, {
    method: 'GET',
    path: `/authorize?${formatForm({ ...request, client_id: clientId })}`,
    headers: { accept: 'text/html' },
  });
async function withAssertion(clientId: string): Promise<Answer> {
  const claims = { iss: clientId, sub: clientId, aud: deployment.issuer };
  const key = generateSigningKey();
  const assertion = await signShortJwt({ typ: JWT_TYP.clientAssertion, key, clock, lifetimeSeconds: 60, claims });
  return post('/par', { ...request, client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion });
}

const NO_ANSWER = 'no public https server answered with it in time.';

describe('a client document that cannot be fetched', () => {
  test.each([
    ['is not there', '/missing', 'it is not found there: the status is not 200.'],
    ['is elsewhere', '/moved', 'the address redirects, and that is not followed.'],
    ['is too large', '/large', 'it is too large: 64 KB at most.'],
    ['is a page', '/page', 'its media type is not application/json.'],
    ['breaks off', '/broken', 'it is not valid JSON.'],
    ['does not come', '/hangs', NO_ANSWER],
  ])(
    'because it %s: the error says so, at PAR, the token endpoint and the authorization page',
    async (_what, path, why) => {
      const sentence = `The client document could not be fetched: ${why}`;
      const at = (where: string) => `${origin}${path}?${where}`;
      for (const answer of [await push(at('par')), await redeem(at('token')), await withAssertion(at('assertion'))]) {
        expect([answer.status, answer.json]).toEqual([401, { error: 'invalid_client', error_description: sentence }]);
      }
      const page = await authorize(at('page'));
      expect([page.status, page.text.includes(sentence), page.text.includes('secret')]).toEqual([400, true, false]);
    },
  );

  test('says the same of inner addresses, of no such name, of what breaks off and of what never comes', async () => {
    const said = await Promise.all(
      [
        'https://10.0.0.1/client',
        'https://127.0.0.1/client',
        'https://169.254.169.254/latest/meta-data',
        'https://192.168.1.1/client',
        'https://[::1]/client',
        'https://[fd00::1]/client',
        'https://localhost/client',
        'http://127.0.0.1:5432/client',
        `http://127.0.0.1:${odd.port}/client`,
        'https://no-such-name.invalid/client',
        `${origin}/breaks`,
        `${origin}/hangs`,
      ].map(async (clientId) => {
        const { status, text } = await push(clientId);
        return `${status} ${text}`;
      }),
    );
    const error_description = `The client document could not be fetched: ${NO_ANSWER}`;
    expect(new Set(said)).toEqual(new Set([`401 ${JSON.stringify({ error: 'invalid_client', error_description })}`]));
  });

  test('is told from one that is there and no good', async () => {
    deployment.documents.publish('/other.json', { client_id: `${deployment.documents.origin}/another.json` });
    const answer = await push(`${deployment.documents.origin}/other.json`);
    expect([answer.status, answer.json['error_description']]).toEqual([
      401,
      'The client document names another client_id.',
    ]);
  });

  test('and whether somebody has registered here is not told', async () => {
    const answer = await push('nobody-registered-this');
    expect([answer.status, answer.json['error_description']]).toEqual([401, 'Client authentication failed.']);
  });
});
