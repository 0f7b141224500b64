import { createVerifier, generateSigningKey, type SigningKey } from '@chatelaine/crypto';
import { formatForm } from '@chatelaine/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, hiddenFields } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from './support/deployment.ts';
import { selectedChoices, type RequesterOptions } from './support/requester.ts';

let deployment: TestDeployment;
let story: Story;
const READ = { scope: 'photos.read', purpose: 'To print them' };
const WRITE = { scope: 'photos.write', purpose: 'To keep what you draw' };

beforeAll(async () => {
  deployment = await TestDeployment.build();
});
beforeEach(async () => {
  deployment.host.reset();
  story = await connected();
});
afterAll(() => deployment.close());

/** A connection that may read photos for 30 days. */
const connected = async (options: RequesterOptions = {}): Promise<Story> => {
  const owner = await deployment.owner();
  const linkId = await deployment.link(owner);
  const requester = deployment.requester(options);
  const fields = { duration: 'month' };
  const connection = await deployment.connect({ owner, linkId, requester, answers: { 'photos.read': 'ask' }, fields });
  return { owner, linkId, requester, connection };
};
/** The client asks again, with `key`, for `wants`. */
const again = async (key: SigningKey = story.requester.key, wants: object[] = [READ, WRITE]) => {
  const { requester, owner } = story;
  const verifier = createVerifier();
  const form = { ...(await requester.request(verifier)), dpop_jkt: key.kid, chatelaine_wants: JSON.stringify(wants) };
  const pushed = await requester.post('/par', form, { proofs: [await requester.proof('/par', { key })] });
  const query = { client_id: requester.clientId, request_uri: String(pushed.json['request_uri']) };
  return { verifier, page: await owner.browser.get(`/authorize?${formatForm(query)}`) };
};
const sent = (page: Answer, fields: Record<string, string>): Record<string, string> => ({
  ...hiddenFields(page.text, '/authorize'),
  ...selectedChoices(page.text),
  ...fields,
});
const press = (page: Answer, fields: Record<string, string> = {}) => {
  const { named: _, ...form } = sent(page, { decision: 'allow', ...fields });
  return story.owner.browser.post('/authorize', form);
};
const codeIn = (answer: Answer): string => new URL(answer.onward ?? 'x:').searchParams.get('code') ?? 'none';
const live = () =>
  deployment.rows<{ id: string; scopes: string[] }>(
    `select c.id, s.scopes from connection c join oauth_grant g on g.id = c.id and g.ended_at is null
     join connection_host s on s.connection_id = c.id where c.client_id = $1 order by c.created_at`,
    [story.requester.clientId],
  );
const rules = () =>
  deployment.rows<{ scope: string; effect: string; expires_at: Date | null }>(
    'select scope, effect, expires_at from rule where connection_id = $1 order by scope',
    [story.connection.id],
  );
const write = () => ({ [`answer:${story.linkId}:photos.write`]: 'allow' });

describe('asking again with the key of a live connection', () => {
  it('shows what it would add, and adds it to that connection; what it has keeps its answer and its end', async () => {
    const [before] = await rules();
    const { page, verifier } = await again();
    for (const words of ['Let Reader ask for more?', 'Adds: write to Photos', 'What it has stays as it is'])
      expect(page.words).toContain(words);
    expect(page.text).not.toContain(`name="answer:${story.linkId}:photos.read"`);
    expect(page.text).not.toContain('name="duration"');
    const answer = await press(page, write());
    const tokens = await story.requester.redeem(codeIn(answer), verifier);
    expect(await live()).toEqual([{ id: story.connection.id, scopes: ['photos.read', 'photos.write'] }]);
    const [read, added] = await rules();
    expect(read).toEqual(before);
    expect(added).toEqual({ scope: 'photos.write', effect: 'allow', expires_at: before?.expires_at });
    const asked = { connection: tokens, resource: deployment.host.resource, scope: 'photos.write' };
    expect((await story.requester.transfer(asked)).status).toBe(200);
    // with the tokens that the client had before, as well
    expect((await story.requester.transfer({ ...asked, connection: story.connection })).status).toBe(200);
    expect((await story.owner.browser.get('/timeline')).words).toMatch(/Reader.*Add photos|Add photos.*Reader/);
  });

  it('adds nothing where nothing is chosen, and goes on with the same connection', async () => {
    const { page, verifier } = await again();
    expect(page.words).toContain('Go on as it is');
    await story.requester.redeem(codeIn(await press(page)), verifier);
    expect(await live()).toEqual([{ id: story.connection.id, scopes: ['photos.read'] }]);
  });

  it('changes nothing that was answered before, whatever the form says', async () => {
    const before = await rules();
    const { page } = await again();
    const second = await deployment.link(story.owner);
    const forged = { [`answer:${story.linkId}:photos.read`]: 'allow', [`answer:${second}:photos.read`]: 'allow' };
    const stale = await press(page, forged);
    expect(stale.onward).toContain('code=');
    expect(await rules()).toEqual(before);
    expect(await live()).toHaveLength(1);
  });

  it('the code is good for that key and no other', async () => {
    story = await connected({ keys: 'none' });
    const { page, verifier } = await again();
    const code = codeIn(await press(page, write()));
    const { requester } = story;
    const form = {
      ...(await requester.authentication()),
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
    };
    const thief = await requester.post('/token', form, {
      proofs: [await requester.proof('/token', { key: generateSigningKey() })],
    });
    expect([thief.status, thief.json['error']]).toEqual([400, 'invalid_grant']);
    expect((await requester.redeem(code, verifier)).accessToken).toMatch(/^cha_ct_/);
  });

  it('pressed twice at once is one addition and one code', async () => {
    const { page } = await again();
    const answers = await Promise.all([press(page, write()), press(page, write())]);
    expect(new Set(answers.map(codeIn)).size).toBe(1);
    expect(await live()).toEqual([{ id: story.connection.id, scopes: ['photos.read', 'photos.write'] }]);
    expect(await rules()).toHaveLength(2);
  });

  it('of a connection that was stopped meanwhile agrees to nothing', async () => {
    const { page } = await again();
    const { owner, connection } = story;
    await owner.browser.submit('/apps', `/apps/${connection.id}/stop`);
    const answer = await press(page, write());
    expect([answer.status, answer.onward]).toEqual([400, undefined]);
    expect(await live()).toEqual([]);
  });

  it('that was begun before its owner stopped another connection of the app comes to nothing', async () => {
    const key = generateSigningKey();
    const other = await again(key, [READ]);
    const agreed = await press(other.page);
    expect(codeIn(agreed)).not.toBe('none');
    const redeemed = await story.requester.post(
      '/token',
      {
        ...(await story.requester.authentication()),
        grant_type: 'authorization_code',
        code: codeIn(agreed),
        code_verifier: other.verifier,
      },
      { proofs: [await story.requester.proof('/token', { key })] },
    );
    expect(redeemed.status).toBe(200);
    const { page } = await again();
    const [, second] = await live();
    await story.owner.browser.submit(`/apps/${second?.id}`, `/apps/${second?.id}/end-connection`);
    const before = await rules();
    const late = await press(page, write());
    expect([late.status, codeIn(late)]).toEqual([400, 'none']);
    expect(late.words).toContain('You have stopped something of this app since it asked');
    expect(await rules()).toEqual(before);
    expect((await live()).map(({ id }) => id)).toEqual([story.connection.id]);
  });
});

describe('asking again is a connection of its own', () => {
  const expectSecondConnection = async (key: SigningKey): Promise<Answer> => {
    const { page } = await again(key);
    expect(page.words).toContain('You connected it before');
    expect(page.words).toContain('Connect Reader?');
    const agreed = await press(page, write());
    expect(codeIn(agreed)).not.toBe('none');
    expect((await live()).map(({ scopes }) => scopes)).toContainEqual(['photos.read']);
    expect(await live()).toHaveLength(2);
    return page;
  };

  it('with another key', async () => {
    const page = await expectSecondConnection(generateSigningKey());
    expect(page.words).toContain('Adds: read and write at Photos');
  });

  it('where it proved who it was, and does not now', async () => {
    const { requester } = story;
    const { pathname } = new URL(requester.clientId);
    deployment.documents.publish(pathname, {
      client_id: requester.clientId,
      client_name: 'Reader',
      redirect_uris: [requester.redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'transfer',
      token_endpoint_auth_method: 'none',
    });
    await deployment.rows('update oauth_document set fresh_until = now() where url = $1', [requester.clientId]);
    const { client_assertion: _, client_assertion_type: __, ...request } = await requester.request('v'.repeat(43));
    const form = { ...request, client_id: requester.clientId, chatelaine_wants: JSON.stringify([WRITE]) };
    const pushed = await requester.post('/par', form, { port: deployment.ams[1].port });
    const query = new URLSearchParams({
      client_id: requester.clientId,
      request_uri: String(pushed.json['request_uri']),
    });
    const page = await story.owner.browser.at(deployment.ams[1].port).get(`/authorize?${query.toString()}`);
    expect(page.words).toContain('You connected it before');
  });

  it('and of another owner it is the first', async () => {
    const other = await deployment.owner();
    await deployment.link(other);
    const { path } = await story.requester.push({ chatelaine_wants: JSON.stringify([WRITE]) });
    const page = await other.browser.get(path);
    expect(page.words).toContain('Connect Reader?');
    for (const words of ['You connected it before', 'It asks for more']) expect(page.words).not.toContain(words);
  });
});
