import {
  addHost,
  answerConsent,
  connectRequester,
  type Constellation,
  type Person,
  signIn,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

// Lifestream is Requester and Host in one (PROTOCOL §2.3), and Echo another Requester that reads from it; each test
// continues where the one before ended

let deployment: Constellation;
let robin: Person;
let lifestream: Constellation['requester'];
let echo: Constellation['requester'];

beforeAll(async () => {
  deployment = await startConstellation({ ams: 1, hosts: [], requesters: ['lifestream', 'echo'], label: 'both' });
  [lifestream, echo] = [deployment.requesterNamed('lifestream'), deployment.requesterNamed('echo')];
  robin = deployment.person({ username: 'robin' });
  await signUp(robin, deployment.am.url);
  await signUp(robin, lifestream.url);
  await robin.visit(`${lifestream.url}/posts`);
  await robin.press('Keep it here', { text: 'kept at lifestream' });
});

afterAll(async () => {
  await deployment?.stop();
});

const links = async (): Promise<number> =>
  (await deployment.database.query('am', `select 1 from link where state = 'active'`)).length;

/** Starts a connection that also links; the authorization URL, which nobody has opened yet. */
async function startSharing(person: Person): Promise<string> {
  await signIn(person, lifestream.url);
  await person.visit(`${lifestream.url}/connect`);
  await person.press('Connect', { am: deployment.am.url, share: true });
  const onward = person.page.links.find(({ text }) => text.startsWith('Continue to '));
  return onward?.href.href ?? '';
}

/** How many redirects a browser follows from the Requester's form to the page on which it ends. */
async function redirectsOf(connect: () => Promise<unknown>): Promise<number> {
  const recording = deployment.record();
  await connect();
  recording.stop();
  return recording.exchanges.filter(({ response: { status } }) => status >= 300 && status < 400).length;
}

describe('Requester and Host in one step', () => {
  test('the owner connects Lifestream and links it, with no redirect more than for the connection alone', async () => {
    const am = deployment.am;
    const answers = () => 'allow' as const;
    const both = await redirectsOf(() =>
      connectRequester(robin, { am, requester: lifestream, answers, share: 'link' }),
    );
    expect(await links()).toBe(1);
    expect((await robin.visit(`${am.url}/hosts`)).text).toContain('my Lifestream');
    expect((await robin.visit(`${lifestream.url}/access`)).text).toContain(new URL(am.url).host);
    const alone = await redirectsOf(() => connectRequester(robin, { am, requester: lifestream, answers }));
    expect([both, alone]).toEqual([alone, alone]);
    expect(alone).toBeGreaterThan(1);
    expect(await links()).toBe(1);
  });

  test('another Requester reads its posts through the AM, as long as the owner lets it', async () => {
    await signUp(robin, echo.url);
    await connectRequester(robin, { am: deployment.am, requester: echo, answers: () => 'allow' });
    expect((await robin.visit(echo.url)).text).toContain('kept at lifestream');
    const access = await robin.visit(`${lifestream.url}/access`);
    expect(access.text).toContain(`it is ${echo.url}/client`);
    expect((await deployment.fetch(`${lifestream.url}/api/entries`)).status).toBe(401);
    await robin.press('Cut off');
    expect((await robin.visit(echo.url)).text).not.toContain('kept at lifestream');
  });

  test('it is an ordinary Host, too, added by its address', async () => {
    const kim = deployment.person({ username: 'kim' });
    for (const { url } of [deployment.am, lifestream]) await signUp(kim, url);
    const before = await links();
    await addHost(kim, { am: deployment.am, host: lifestream, ceiling: ['entries.read'] });
    expect(await links()).toBe(before + 1);
  });
});

describe('somebody else’s authorize URL', () => {
  const grants = async () =>
    (
      await deployment.database.query(
        'lifestream',
        `select 1 from oauth_token t join oauth_grant g on g.id = t.grant_id join account a on a.id = g.subject
          where a.username = 'mallory'`,
      )
    ).length;

  test('agreed to by a victim, links and connects nothing: their browser did not start it', async () => {
    const mallory = deployment.person({ username: 'mallory' });
    await signUp(mallory, lifestream.url);
    const before = await links();
    await robin.visit(await startSharing(mallory));
    const refused = await answerConsent(robin, () => 'allow', { host_half: 'link' });
    expect([refused.url.origin, refused.status]).toEqual([lifestream.url, 400]);
    expect([await links(), await grants()]).toEqual([before, 0]);
    expect((await mallory.visit(`${lifestream.url}/access`)).text).toContain('Nobody but you');
    expect((await mallory.visit(`${lifestream.url}/connections`)).text).not.toContain(deployment.am.url);
  });

  test('agreed to by its starter and then given to a victim: links and connects nothing either', async () => {
    const callback = `${lifestream.url}/callback`;
    const mallory = deployment.person({ username: 'mallory', stopsAt: [callback] });
    await signUp(mallory, deployment.am.url);
    await mallory.visit(await startSharing(mallory));
    const back = await answerConsent(mallory, () => 'allow', { host_half: 'link' });
    expect(back.url.href).toContain(`${callback}?code=`);
    const before = await links();
    expect((await robin.visit(back.url)).status).toBe(400);
    expect([await links(), await grants()]).toEqual([before, 0]);
  });
});
