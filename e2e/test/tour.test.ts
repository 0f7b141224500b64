import fs from 'node:fs';
import path from 'node:path';
import {
  type Constellation,
  connectRequester,
  type Person,
  pressAllow,
  type Recording,
  signIn,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { eventually } from '@chatelaine/test-kit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PORTS } from '../../scripts/start/ports.ts';
import { seed } from '../../scripts/start/seed.ts';
import { type AppSite, startAppSite } from '../../scripts/start/app-site.ts';
import { seedApps } from '../../scripts/start/seed-apps.ts';
import { openRawRequester, RAW_CALLBACK } from './support/raw-requester.ts';
import { eachHasItsIcon } from './tour/icons.ts';
import { addresses, pictures, sentences } from './tour/sentences.ts';

// The tour of README.md, step by step: each test is named after a sentence of it, and shows that the sentence is true
// of what `npm start` sets up.

/** PROTOCOL §7 says 5 seconds, on a machine that is not busy, which the soak measures. */
const HOST_KNOWS_WITHIN_SECONDS = 15;

let deployment: Constellation;
let demo: Person;
let recording: Recording;
let site: AppSite;
const at = (name: 'photos' | 'notes') => deployment.host(name).url;
const am = () => deployment.am.url;
const lifestream = () => deployment.requesterNamed('lifestream').url;
const isHost = (service: string): boolean => deployment.hosts.some(({ name }) => name === service);
const read = async (url: string): Promise<string> => (await demo.visit(url)).text;

beforeAll(async () => {
  const env = () => ({ CONNECTS_PER_HOUR: '1000' });
  deployment = await startConstellation({
    ams: 1,
    requesters: ['lifestream', 'echo'],
    guests: ['apps'],
    label: 'tour',
    env,
  });
  const apps = deployment.guest('apps');
  site = await startAppSite(apps);
  recording = deployment.record();
  demo = deployment.person({ username: 'demo', stopsAt: [RAW_CALLBACK] });
  const parties = { am: deployment.am, hosts: deployment.hosts, requester: deployment.requesterNamed('lifestream') };
  await seed(demo, parties, () => undefined);
  await seedApps(demo, { ...parties, site: apps.url }, () => undefined);
});
afterAll(async () => {
  await deployment?.stop();
  await site?.close();
});

/** From the AM's list of apps to the page of Lifestream. */
async function lifestreamsPage(): Promise<string> {
  await demo.visit(`${am()}/apps`);
  return (await demo.follow('Open Lifestream')).text;
}

const STEPS: Readonly<Record<string, () => Promise<void>>> = {
  'Run npm start, and sign in everywhere with the credentials it prints.': async () => {
    const somebody = deployment.person({ username: demo.username, password: demo.password });
    for (const { url } of [deployment.am, ...deployment.hosts, deployment.requesterNamed('lifestream')])
      expect((await signIn(somebody, url)).text).toContain('Signed in as demo');
  },

  'Lifestream (http://lifestream.localhost:4820) shows one feed from all your Hosts, pictures and all.': async () => {
    const feed = await read(lifestream());
    expect(demo.page.document.querySelectorAll('main img')).toHaveLength(5);
    expect(feed).toContain('Fog over the allotments');
    expect(feed).toContain('Choir rehearsal');
    for (const { title } of deployment.hosts) expect(feed).toContain(title);
  },

  'It never had a password or a redirect at any of them.': async () => {
    // which requests for consent and sign-ins there were at Hosts, and where they led
    const asked = recording.exchanges
      .filter(({ service, request }) => isHost(service) && /^\/(authorize|par|sign-in)/.test(request.path))
      .map(({ request }) => decodeURIComponent(`${request.path} ${request.body}`));
    expect(asked.filter((one) => one.includes(am()))).not.toEqual([]);
    expect(asked.filter((one) => one.includes(lifestream()))).toEqual([]);
  },

  'Notes is waiting for you, because you chose to be asked.': async () => {
    expect(await read(lifestream())).toMatch(/Notes\s*needs you/);
  },

  'Chatelaine (http://am.localhost:4800) is where you decide.': async () => {
    expect((await demo.visit(am())).heading).toBe('Home');
  },

  ['Its front page lists what is waiting for you, and shows which app may have what at which service: ' +
    'besides Lifestream there are Errands, which you never let read your notes, ' +
    'and Photo frame, which has asked for nothing yet.']: async () => {
    const home = await read(am());
    expect(home).toContain('This needs you');
    expect(home).toContain('Allow: Lifestream at Photos');
    expect(home).toContain('Ask: Lifestream at Notes');
    expect(home).toContain('Never: Errands at Notes');
    expect(home).not.toContain(': Errands at Photos');
    expect(home).toContain('Allow: Photo frame at Photos');
    expect(home).toMatch(/Errands\s*was refused for the first time/);
    expect(await read(`${am()}/apps`)).toMatch(/Photo frame[^]*?Last used\s*not yet/);
  },

  'Answer the question about Notes, and its entries appear in the feed.': async () => {
    expect(await read(lifestream())).not.toContain('Ask about the spare key');
    await demo.visit(am());
    await demo.follow(/^Decide about Lifestream/);
    await demo.press('Always');
    expect(await read(lifestream())).toContain('Ask about the spare key');
  },

  'Under Services you add another by its address.': async () => {
    const echo = deployment.requesterNamed('echo').url;
    await signUp(demo, echo);
    await demo.visit(am());
    await demo.follow('Services');
    await demo.follow(/^Add a/);
    await demo.press('Continue', { host: echo });
    await demo.follow(/^Continue to /);
    expect((await demo.press('allow')).text).toContain('is linked');
  },

  ['Consent is one screen for all services: it says what the app wants and why, and you choose off, ask or allow ' +
    'for each service or each scope, what the app has to sign (terms), and for how long; the button sums it up.']:
    async () => {
      await demo.visit(`${lifestream()}/connect`);
      await demo.press('Connect', { am: am() });
      const { text, forms } = await demo.follow(/^Continue to /);
      const names = forms.flatMap(({ controls }) => controls.map(({ name }) => name.split(':')[0] ?? ''));
      expect(names).toEqual(expect.arrayContaining(['all', 'answer', 'terms', 'duration']));
      expect(text).toContain('What it wants, in its own words');
      expect(text).toContain('To show what you keep in different places in one stream');
      for (const { title } of deployment.hosts) expect(text).toContain(`${title}: my ${title}`);
      for (const words of ['Off', 'Ask', 'Allow', 'See your photos', 'It has to accept', '1 hour', 'Until I stop'])
        expect(text).toContain(words);
      expect(text).toMatch(/(Allow|Let it ask for) \d+ things?.* until you stop it/);
    },

  'Connect another one, under My Hosts in Lifestream, leads to it.': async () => {
    await demo.visit(lifestream());
    await demo.follow('My Hosts');
    await demo.follow('Connect another one');
    await demo.press('Connect', { am: am() });
    expect((await demo.follow(/^Continue to /)).heading).toBe('Connect Lifestream?');
    expect((await pressAllow(demo, {})).url.origin).toBe(lifestream());
  },

  'Stop it.': async () => {
    expect(await lifestreamsPage()).toContain('Stop it');
  },

  ['Under Apps you can change every answer, give it for an hour or five times a day, ' +
    'see what Lifestream has signed, pause it, or stop it, however often you connected it.']: async () => {
    const page = await lifestreamsPage();
    expect(page).toContain('AllowAsk me each timeNever');
    expect(page).toContain('Lifestream signed “No training 1.0”');
    expect(page).toContain('Pause for 1 hour');
    expect(page).toContain('both of its connections end');
    const saved = await demo.press('Save');
    expect(saved.text).toContain('Saved.');
    for (const bounded of [{ for: 'hour' }, { most: '5', per: 'day' }]) {
      await lifestreamsPage();
      await demo.follow(/^Until when, how often: See your appointments/);
      expect((await demo.press('Save', { effect: 'allow', ...bounded })).text).toContain('Saved.');
    }
    expect(await lifestreamsPage()).toContain('5 times a day');
  },

  ['Chatelaine refuses it at once and revokes its access at each Host; ' +
    'the page shows which Hosts have confirmed, and says when nothing is left.']: async () => {
    await lifestreamsPage();
    const stopped = await demo.press('Stop Lifestream');
    expect(stopped.text).toContain('It gets no key through here any more');
    expect(await read(lifestream())).not.toContain('Fog over the allotments');
    const known = await eventually(() => read(stopped.url.href), {
      until: (text) => text.includes('Nothing is left: all'),
    });
    for (const { title } of deployment.hosts) expect(known).toMatch(new RegExp(`${title}\\s*confirmed`));
  },

  'A token that it still holds is refused by the Host within five seconds.': async () => {
    const raw = await openRawRequester(deployment, 'Holds a token');
    const { accessToken } = await raw.connect(demo, ({ scope }) => (scope === 'entries.read' ? 'allow' : 'no'));
    const { resource } = deployment.host('photos');
    const { body } = await raw.exchange(accessToken, { resource, scope: 'entries.read' });
    const held = async () => (await raw.get(`${resource}/entries`, String(body['access_token']))).status;
    await eventually(held, { until: (status) => status === 200 });
    await demo.visit(`${am()}/apps`);
    await demo.follow('Open Holds a token');
    await demo.press('Stop Holds a token');
    await eventually(held, { until: (status) => status === 401, seconds: HOST_KNOWS_WITHIN_SECONDS });
  },

  'At Photos (http://photos.localhost:4811), Who has access shows the same from the Host’s side.': async () => {
    await demo.visit(at('photos'));
    const { text } = await demo.follow('Who has access');
    expect(text).toContain('Lifestream');
    expect(text).toContain('stopped');
  },

  ['Revoke Chatelaine’s access there, ' +
    'and at the next request for a token the AM shows the link as broken, with a button to repair it.']: async () => {
    const parties = { am: deployment.am, requester: deployment.requesterNamed('lifestream') };
    await connectRequester(demo, { ...parties, answers: ({ scope }) => (scope === 'entries.read' ? 'allow' : 'no') });
    await demo.visit(`${at('photos')}/access`);
    await demo.press('Cut off');
    await demo.visit(lifestream());
    await demo.visit(am());
    expect(demo.page.text).toContain('“my Photos” is broken');
    expect(demo.page.text).toContain('Repair “my Photos”');
  },

  'Lifestream also stores posts of its own.': async () => {
    await demo.visit(`${lifestream()}/posts`);
    expect((await demo.press('Keep it here', { text: 'The tram did not come' })).text).toContain(
      'The tram did not come',
    );
  },

  'Tick and share what I keep here when you connect it, and it becomes one of your Hosts as well.': async () => {
    const parties = { am: deployment.am, requester: deployment.requesterNamed('lifestream') };
    await connectRequester(demo, { ...parties, share: 'link', answers: () => 'no' });
    expect(await read(`${am()}/hosts`)).toContain(lifestream());
  },
};

test('each sentence of the tour has its step here, and each step its sentence', () => {
  expect(Object.keys(STEPS)).toEqual(sentences.map((sentence) => sentence.replaceAll("'", '’')));
});

test('each of its apps is shown with the icon that it serves, on Home, among Apps and at consent', () =>
  eachHasItsIcon(demo, deployment));

test('its addresses are those of npm start, and its pictures are there', () => {
  expect(addresses.length).toBeGreaterThan(0);
  for (const address of addresses) {
    const { hostname, port } = new URL(address);
    expect([address, port]).toEqual([
      address,
      String(new Map(Object.entries(PORTS)).get(hostname.split('.')[0] ?? '')),
    ]);
  }
  const root = path.join(import.meta.dirname, '../..');
  expect(pictures.filter((file) => !fs.existsSync(path.join(root, file)))).toEqual([]);
});

test.each(Object.entries(STEPS))('%s', async (_sentence, step) => step());
