import { generateSigningKey } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { describe, expect, test } from '@jest/globals';
import { type Answer, postForm, serve, patience } from '@chatelaine/test-kit';
import { world, feed, host, link, transfer, expectDenied } from './scene.ts';

/** Out of the three seconds that a Host has for two documents. */
const SLOW_MS = 2_700;

export function managers(): void {
  describe('an AM', () => {
    test('that names a key of its own is refused', async () => {
      const own = generateSigningKey();
      expectDenied(await transfer({ said: { cnf: { jkt: own.kid } } }));
      // nor does it help to sign the Requester's statement itself
      const forged = await feed.statement(host, { cnf: { jkt: own.kid } }, { signedBy: own });
      expectDenied(await transfer({ said: { cnf: { jkt: own.kid } }, own: forged }));
      const byAm = await feed.statement(host, { cnf: { jkt: own.kid } }, { signedBy: world.am.key });
      expectDenied(await transfer({ said: { cnf: { jkt: own.kid } }, own: byAm }));
    });

    test('that gives one Requester’s statement as another’s is refused', async () => {
      feed.publish('/second', { ...feed.document('/second') });
      const second = `${feed.origin}/second`;
      expectDenied(await transfer({ said: { sub: second } }));
      // with the same keys, so that only the names differ
      expectDenied(await transfer({ own: await feed.statement(host, { iss: second, sub: second }) }));
      expectDenied(await transfer({ own: await feed.statement(host, { sub: second }) }));
    });

    test('that replays one is refused, on every process, also for a new statement of its own', async () => {
      const replica = await world.replica(host);
      const own = await feed.statement(host);
      expect((await transfer({ own })).status).toBe(200);
      expectDenied(await transfer({ own }));
      const claims = { sub: feed.clientId, cnf: { jkt: feed.key.kid }, requester_statement: own };
      expectDenied(await world.am.transfer(replica, { link, scope: 'entries.write', claims }));
    });

    test('that uses one many times at once gets one token, over two processes', async () => {
      const replica = await world.replica(host);
      const claims = {
        sub: feed.clientId,
        cnf: { jkt: feed.key.kid },
        requester_statement: await feed.statement(host),
      };
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          world.am.transfer(index % 2 === 0 ? host : replica, { link, scope: 'entries.write', claims }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const answer of answers.filter(({ status }) => status !== 200)) expectDenied(answer);
    });

    test('that posts one as a client assertion, as its own statement, or as a link token is refused', async () => {
      const own = await feed.statement(host);
      const form = {
        grant_type: GRANT.tokenExchange,
        subject_token: link.accessToken,
        subject_token_type: TOKEN_TYPE.accessToken,
        actor_token: await world.am.statement(host, { link }),
        actor_token_type: TOKEN_TYPE.jwt,
        resource: `${host.issuer}/api`,
        scope: 'entries.read',
      };
      const asClient = {
        ...form,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: own,
      };
      const answer = await postForm(host.port, '/token', asClient);
      expect([answer.status, answer.json['error']]).toEqual([401, 'invalid_client']);
      for (const changed of [{ actor_token: own }, { subject_token: own }])
        expect((await world.am.post(host, '/token', { ...form, ...changed })).json['error']).toBe('invalid_request');
      expect((await transfer({ own })).status).toBe(200);
    });
  });

  test('a Requester with slow documents is refused while the AM still waits, and slows nobody else', async () => {
    // each of the two arrives within the time limit of a document, but both together take longer than an AM waits
    const slow = await serve((request, response) => {
      const file = request.url === '/client' ? document : {};
      const send = (): void =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(file));
      setTimeout(send, SLOW_MS).unref();
    });
    const origin = `http://slow.localhost:${slow.port}`;
    const sub = `${origin}/client`;
    const document = { ...feed.document('/client'), client_id: sub, jwks_uri: `${origin}/jwks` };
    try {
      const patient = await world.host({
        name: 'patient',
        options: {
          scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
          outboundExceptions: [
            { host: 'am.localhost', port: world.am.port, scheme: 'http', cidr: '127.0.0.1/32' },
            { host: 'slow.localhost', port: slow.port, scheme: 'http', cidr: '127.0.0.1/32' },
          ],
        },
      });
      const there = await world.am.link(patient);
      const requester_statement = await feed.statement(patient, { iss: sub, sub });
      const claims = { sub, cnf: { jkt: feed.key.kid }, requester_statement };
      const began = performance.now();
      expectDenied(await world.am.transfer(patient, { link: there, scope: 'entries.write', claims }));
      expect(performance.now() - began).toBeLessThan(patience(5));
    } finally {
      await slow.close();
    }
  });

  test('an AM makes a Host fetch so many documents of Requesters a minute, whether they are there or not', async () => {
    const few = await world.host({
      name: 'few',
      options: {
        scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
        limits: { documents: { name: 'document', points: 6, perSeconds: 60 } },
        outboundExceptions: [world.am.port, feed.port].map((port) => ({
          host: port === feed.port ? 'feed.localhost' : 'am.localhost',
          port,
          scheme: 'http',
          cidr: '127.0.0.1/32',
        })),
      },
    });
    const there = await world.am.link(few);
    const named = async (sub: string): Promise<Answer> => {
      const requester_statement = await feed.statement(few, { iss: sub, sub });
      const claims = { sub, cnf: { jkt: feed.key.kid }, requester_statement };
      return world.am.transfer(few, { link: there, scope: 'entries.write', claims });
    };
    expect((await named(feed.clientId)).status).toBe(200);
    let last: Answer | undefined;
    for (let at = 0; at < 7; at++) last = await named(`${feed.origin}/nobody-${at}`);
    expect([last?.status, last?.json['error']]).toEqual([429, 'temporarily_unavailable']);
    expect(last?.headers['retry-after']).toMatch(/^\d+$/);
    // documents that are already known do not count against the limit
    expect((await named(feed.clientId)).status).toBe(200);
  });
}
