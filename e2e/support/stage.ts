import {
  addHost,
  connectRequester,
  type Constellation,
  type DeployedService,
  FLAVORS,
  type Flavor,
  type Person,
  signIn,
  signInIfAsked,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { connectChirp, startBridgedServices } from './bridge-stage.ts';
import { newContext } from './chromium.ts';
import { NEWER_TERMS } from './newer-terms.ts';
import { drawnPicture } from '../../scripts/start/picture.ts';

/** A deployment with some history, whose pages are to be looked at. */
export interface Stage {
  readonly deployment: Constellation;
  readonly people: Readonly<Record<Who, Person>>;
  /** The address at which Photos asks the newcomer what the AM may pass on. */
  readonly consentUrl: string;
  close(): Promise<void>;
}

/** Robin has some of everything; the newcomer has only accounts; the visitor is not signed in. */
export type Who = 'robin' | 'newcomer' | 'visitor';

const DAY_MS = 86_400_000;
const ENTRIES: Readonly<Record<Flavor, readonly { text: string; day: number; picture?: number }[]>> = {
  photos: [
    { text: 'The harbour at six in the morning, before the ferries', day: -9, picture: 1 },
    { text: 'Grandmother and the new bicycle', day: -4, picture: 2 },
    { text: 'Fog', day: -1, picture: 3 },
    {
      text:
        'A caption that is rather long, because somebody wanted to remember who stood where: ' +
        'from the left Ada, Mo, the neighbour’s dog, and half of Kim.',
      day: -30,
      picture: 4,
    },
    { text: 'Added by an app, without a picture', day: -2 },
  ],
  calendar: [
    { text: 'Dentist, 10:30', day: -6 },
    { text: 'Choir rehearsal, St. Mark, 19:00', day: -2 },
    { text: 'Standing lunch', day: 0 },
    { text: 'Train to the coast, 8:12 from platform 4', day: 3 },
    { text: 'Dinner with Ada and Mo', day: 3 },
    { text: 'The poster for the concert', day: 24, picture: 5 },
  ],
  notes: [
    { text: 'Bread\n500 g flour\n350 g water\n10 g salt\npatience', day: -12 },
    { text: 'Ask about the spare key', day: -3 },
    {
      text:
        'The door sticks when it rains. Plane it in summer, not now: ' +
        'it shrinks again by itself in the first dry week, and then there would be a gap for the rest of the year.',
      day: -20,
    },
    {
      text: 'https://a-very-long-address.example/that/does-not-break/anywhere/by-itself/because-it-has-no-spaces',
      day: -1,
    },
  ],
};

export async function setStage(browser: Browser): Promise<Stage> {
  const env = { CONNECTS_PER_HOUR: '10000', TERMS_DIRECTORY: NEWER_TERMS };
  const bridged = await startBridgedServices('robin');
  const deployment = await startConstellation({
    ams: 1,
    bridges: 1,
    guests: ['apps', 'chirp', 'plume'],
    ports: bridged.ports,
    label: 'pages',
    env: ({ service }) => ({ ...env, ...(service === 'bridge' ? bridged.env : {}) }),
  });
  const close = async (): Promise<void> => {
    await deployment.stop();
    await bridged.close();
  };
  try {
    const people = {
      robin: deployment.person({ username: 'robin' }),
      newcomer: deployment.person({ username: 'newcomer' }),
      visitor: deployment.person({ username: 'visitor' }),
    };
    await furnish(deployment, people.robin, browser);
    for (const { url } of deployment.services) await signUp(people.newcomer, url);
    const consentUrl = await askedFor(deployment, people.newcomer);
    return { deployment, people, consentUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function furnish(deployment: Constellation, robin: Person, browser: Browser): Promise<void> {
  for (const { url } of deployment.services) await signUp(robin, url);
  const context = await contextFor(browser, robin, deployment);
  const page = await context.newPage();
  for (const flavor of FLAVORS) {
    for (const entry of ENTRIES[flavor]) await addEntry(page, deployment.host(flavor).url, entry);
    await addHost(robin, { am: deployment.am, host: deployment.host(flavor) });
  }
  await context.close();
  await connectRequester(robin, {
    am: deployment.am,
    requester: deployment.requester,
    terms: 'only-for-me/1.0',
    answers: ({ host }) => (host.startsWith('Notes') ? 'ask' : 'allow'),
  });
  await robin.visit(deployment.requester.url);
  await connectChirp(robin, bridgeOf(deployment).url);
}

async function addEntry(
  page: Page,
  host: string,
  { text, day, picture }: { text: string; day: number; picture?: number },
): Promise<void> {
  await page.goto(`${host}/entries`);
  await page.getByRole('textbox').first().fill(text);
  await page.locator('input[name=date]').fill(new Date(Date.now() + day * DAY_MS).toISOString().slice(0, 10));
  if (picture !== undefined)
    await page.setInputFiles('input[name=picture]', {
      name: 'hills.png',
      mimeType: 'image/png',
      buffer: drawnPicture(picture),
    });
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page
    .getByText(text.split('\n')[0] ?? text)
    .first()
    .waitFor();
}

/** The bridge of the deployment. */
export function bridgeOf({ services }: Constellation): DeployedService {
  const bridge = services.find(({ service }) => service === 'bridge');
  if (bridge === undefined) throw new Error('There is no bridge.');
  return bridge;
}

/** Begins a link, up to the Host's consent page. */
async function askedFor(deployment: Constellation, person: Person): Promise<string> {
  await signIn(person, deployment.am.url);
  await person.visit(`${deployment.am.url}/hosts/add`);
  await person.press('Continue', { host: deployment.host('photos').url });
  await person.follow(/^Continue to /);
  return (await signInIfAsked(person)).url.href;
}

/** A browser context in which this person is signed in everywhere. */
export async function contextFor(
  browser: Browser,
  person: Person,
  deployment: Constellation,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await newContext(browser, options);
  for (const { url } of deployment.services) {
    const cookies = [...person.cookies.of(new URL(url).hostname)];
    await context.addCookies(cookies.map(([name, value]) => ({ name, value, url, httpOnly: true })));
  }
  return context;
}
