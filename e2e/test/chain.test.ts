import {
  addHost,
  connectRequester,
  type Constellation,
  type Exchange,
  headerOf,
  type Page,
  type Person,
  signInIfAsked,
  signUp,
} from '@chatelaine/constellation';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDeployment } from '../support/deployment.ts';
import { eventually } from '@chatelaine/test-kit';
import { NOTEBOOK_CALLBACK, type Notebook, openNotebook } from './support/notebook.ts';

// one deployment and one person for the whole file: each test continues where the one before ended

const READ = 'entries.read';
/**
 * PROTOCOL §7 says 5 seconds, on a machine that is not busy, which the soak measures. Still less than tests usually
 * wait.
 */
const HOST_KNOWS_WITHIN_SECONDS = 15;

let deployment: Constellation;
let robin: Person;
let notebook: Notebook;

beforeAll(async () => {
  deployment = await startDeployment({ hosts: ['photos', 'calendar'], label: 'chain' });
  robin = deployment.person({ username: 'robin', stopsAt: [NOTEBOOK_CALLBACK] });
  notebook = openNotebook(deployment);
});

afterAll(async () => {
  await notebook?.close();
  await deployment?.stop();
});

/** Restarts Lifestream without the tokens in its memory, so that it has to request each anew. */
async function freshFeed(): Promise<Page> {
  const [lifestream] = deployment.requester.processes;
  await lifestream?.stop();
  await lifestream?.start();
  return robin.visit(deployment.requester.url);
}

const answersIn = (body: string): Record<string, unknown>[] =>
  body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));

/** The token responses of a Host or of the AM, whether one per answer or many as lines. */
const tokenAnswers = (exchanges: readonly Exchange[], service: string) =>
  exchanges
    .filter((it) => it.service === service && ['/token', '/transfers'].includes(it.request.path))
    .flatMap(({ response, process }) => answersIn(response.body).map((body) => ({ process, body })));

describe('a Requester gets a token for a Host through the AM', () => {
  test('two Hosts are read through one connection, with tokens they minted for the Requester alone', async () => {
    await signUp(robin, deployment.am.url);
    for (const host of deployment.hosts) {
      await signUp(robin, host.url);
      await robin.press('Add', { text: `kept at ${host.name}` });
      await addHost(robin, { am: deployment.am, host });
    }
    await signUp(robin, deployment.requester.url);
    const recording = deployment.record();
    await connectRequester(robin, {
      am: deployment.am,
      requester: deployment.requester,
      answers: ({ host, scope }) => (host.startsWith('Calendar') && scope === READ ? 'ask' : 'allow'),
    });
    const feed = await robin.visit(deployment.requester.url);
    recording.stop();

    expect(feed.text).toContain('kept at photos');
    const [minted] = tokenAnswers(recording.exchanges, 'photos');
    expect(minted?.body).toMatchObject({ token_type: 'DPoP', scope: READ, iss: deployment.host('photos').url });
    const relayed = tokenAnswers(recording.exchanges, 'am').map(({ body }) => body);
    expect(relayed).toContainEqual({ ...minted?.body, id: expect.any(String), status: 200 });
    const call = recording.exchanges.find((it) => it.service === 'photos' && it.request.path === '/api/entries');
    const authorization = call === undefined ? null : headerOf(call.request, 'authorization');
    expect(authorization).toBe(`DPoP ${String(minted?.body['access_token'])}`);
  });

  test('neither the token without its key, nor the AM, opens the Host', async () => {
    const recording = deployment.record();
    await freshFeed();
    recording.stop();
    const [minted] = tokenAnswers(recording.exchanges, 'photos');
    const token = String(minted?.body['access_token']);
    const { resource } = deployment.host('photos');
    for (const scheme of ['Bearer', 'DPoP']) {
      const answer = await deployment.fetch(`${resource}/entries`, {
        headers: { authorization: `${scheme} ${token}` },
      });
      expect([scheme, answer.status]).toEqual([scheme, 401]);
    }
    const throughAm = recording.exchanges.filter(({ service }) => service === 'am');
    expect(throughAm.length).toBeGreaterThan(0);
    expect(throughAm.filter(({ request, response }) => `${request.body}${response.body}`.includes('kept at'))).toEqual(
      [],
    );
  });

  test('what is posted at the Requester is kept by every Host it was meant for, with one call for tokens', async () => {
    await robin.visit(deployment.requester.url);
    const boxes = robin.page.forms.flatMap(({ controls }) => controls).filter(({ name }) => name.startsWith('to '));
    expect(boxes).toHaveLength(2);
    const recording = deployment.record();
    await robin.press('Post', {
      text: 'posted from afar',
      ...Object.fromEntries(boxes.map(({ name }) => [name, true])),
    });
    recording.stop();
    for (const { url } of deployment.hosts)
      expect((await robin.visit(`${url}/entries`)).text).toContain('posted from afar');
    const asked = recording.exchanges.filter(({ service, request }) => service === 'am' && request.method === 'POST');
    const writing = asked.filter(({ request }) => request.body.includes('entries.write'));
    expect(writing.map(({ request }) => request.path)).toEqual(['/transfers']);
  });
});

describe('a scope the owner wants to be asked about', () => {
  test('is not given before the owner says yes, and then once', async () => {
    const waiting = await robin.visit(deployment.requester.url);
    expect(waiting.text).not.toContain('kept at calendar');
    await robin.follow('Decide there');
    await signInIfAsked(robin);
    expect(robin.page.url.origin).toBe(deployment.am.url);
    await robin.press('once');
    expect((await robin.visit(deployment.requester.url)).text).toContain('kept at calendar');
    const again = await freshFeed();
    expect(again.text).not.toContain('kept at calendar');
    expect(again.text).toContain('Decide there');
  });
});

describe('a program without published keys', () => {
  test('waits for the owner with a code, and writes nothing where the Host demands its own statement', async () => {
    const ref = await notebook.connectFor(robin, ({ scope }) => (scope === READ ? 'ask' : 'allow'));
    const { resource } = deployment.host('photos');
    const waiting = await notebook.transfer({ ...ref, resource, scope: READ, wait: 'deferred' });
    if (waiting.kind !== 'deferred') throw new Error(waiting.kind);
    await robin.visit(waiting.interactionUri ?? '');
    await robin.press('once');
    expect((await waiting.poll()).kind).toBe('token');
    const read = await notebook.fetch({ ...ref, resource, scope: READ }, `${resource}/entries`);
    expect(read.kind === 'response' ? read.response.status : read.kind).toBe(200);
    // Lifestream, which has published keys, may write there (PROTOCOL §3.6)
    expect(await notebook.transfer({ ...ref, resource, scope: 'entries.write' })).toEqual({
      kind: 'access_denied',
      by: 'host',
      requestable: false,
      requestId: expect.any(String),
    });
    await notebook.disconnect(ref);
  });
});

describe('processes of the AM come and go', () => {
  test('one is killed, and the other goes on', async () => {
    const [first] = deployment.am.processes;
    await first?.kill();
    expect((await freshFeed()).text).toContain('kept at photos');
    await first?.start();
  });

  test('all start again, and nothing is forgotten: session, links, connection, rules', async () => {
    const { processes } = deployment.am;
    await Promise.all(processes.map((process) => process.stop()));
    await Promise.all(processes.map((process) => process.start()));
    const hosts = await robin.visit(`${deployment.am.url}/hosts`);
    expect(hosts.text).toContain(deployment.host('photos').url);
    expect(hosts.text).toContain(deployment.host('calendar').url);
    const feed = await freshFeed();
    expect(feed.text).toContain('kept at photos');
    expect(feed.text).toContain('Decide there');
  });
});

describe('what the owner stops', () => {
  const at = (name: 'photos' | 'calendar') => ({ resource: deployment.host(name).resource, scope: READ });
  let ref: { owner: string; connectionId: string };
  /** The status of a call with the notebook's token. If the AM issued a new token, it would be 200. */
  const read = async (name: 'photos' | 'calendar') => {
    const outcome = await notebook.fetch({ ...ref, ...at(name) }, `${at(name).resource}/entries`);
    return outcome.kind === 'response' ? outcome.response.status : outcome.kind;
  };
  const inEveryProcess = async <T>(look: () => Promise<T>): Promise<T[]> => {
    const seen: T[] = [];
    for (const index of deployment.am.processes.keys()) {
      deployment.am.front.direct(index);
      seen.push(await look());
    }
    deployment.am.front.direct(null);
    return seen;
  };
  const transfer = async (name: 'photos' | 'calendar', scope: string) =>
    (await notebook.transfer({ ...ref, ...at(name), scope })).kind;

  test('a link: refused at once by every AM process, within seconds by the Host; the other Host goes on', async () => {
    ref = await notebook.connectFor(robin, () => 'allow');
    expect([await read('photos'), await read('calendar')]).toEqual([200, 200]);
    await robin.visit(`${deployment.am.url}/hosts`);
    await robin.press('Stop this link', {}, { near: 'Calendar' });
    expect(await inEveryProcess(() => transfer('calendar', 'entries.write'))).toEqual([
      'invalid_target',
      'invalid_target',
    ]);
    await eventually(() => read('calendar'), { until: (seen) => seen !== 200, seconds: HOST_KNOWS_WITHIN_SECONDS });
    expect(await read('photos')).toBe(200);
  });

  test('a connection: refused at once by every AM process, within seconds by the Host; another goes on', async () => {
    expect(await read('photos')).toBe(200);
    await robin.visit(`${deployment.am.url}/apps`);
    await robin.press('Stop Notebook');
    expect(await inEveryProcess(() => transfer('photos', 'entries.write'))).toEqual(['reconnect', 'reconnect']);
    await eventually(() => read('photos'), { until: (seen) => seen !== 200, seconds: HOST_KNOWS_WITHIN_SECONDS });
    expect((await freshFeed()).text).toContain('kept at photos');
  });

  test('is told to the owner as confirmed, once the Host has confirmed it', async () => {
    const look = async () => (await robin.visit(`${deployment.am.url}/apps`)).text;
    await eventually(look, { until: (text) => /Photos confirmed/.test(text), seconds: HOST_KNOWS_WITHIN_SECONDS });
  });
});
