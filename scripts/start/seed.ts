import {
  addHost,
  connectRequester,
  type Flavor,
  FLAVORS,
  type DeployedService,
  PageError,
  type Person,
  signUp,
} from '@chatelaine/constellation';
import { drawnPicture } from './picture.ts';

/** A service, wherever it runs. */
export type Place = Pick<DeployedService, 'name' | 'url' | 'title' | 'flavor'>;

/** A service that the bridge stands in for. */
export interface StandIn {
  readonly id: string;
  readonly title: string;
}

/** The services that seeding needs. */
export interface Parties<Service = Place> {
  readonly am: Service;
  readonly hosts: readonly Service[];
  readonly requester: Service;
  /** The bridge, and the services that the demo account connects there. */
  readonly bridge?: { readonly place: Service; readonly services: readonly StandIn[] };
}

interface Seeded {
  readonly text: string;
  readonly daysAgo: number;
  /** The seed of the picture that is drawn for it. */
  readonly picture?: number;
}

const ENTRIES: Readonly<Record<Flavor, readonly Seeded[]>> = {
  photos: [
    { text: 'Above the lake, where the path ends', daysAgo: 29, picture: 4 },
    { text: 'First frost', daysAgo: 17, picture: 5 },
    { text: 'The hills at six in the morning, before anybody was up', daysAgo: 9, picture: 1 },
    { text: 'On the way to grandmother, by the long road', daysAgo: 4, picture: 2 },
    { text: 'Fog over the allotments', daysAgo: 1, picture: 3 },
  ],
  calendar: [
    { text: 'Parents’ evening', daysAgo: 26 },
    { text: 'Concert in the old brewery', daysAgo: 14 },
    { text: 'Dentist, 10:30', daysAgo: 6 },
    { text: 'Choir rehearsal, St. Mark, 19:00', daysAgo: 2 },
    { text: 'Train to the coast, 8:12 from platform 4', daysAgo: -3 },
  ],
  notes: [
    { text: 'Winter tyres: the garage wants two weeks’ notice', daysAgo: 22 },
    { text: 'Bread: 500 g flour, 350 g water, 10 g salt, patience', daysAgo: 12 },
    { text: 'Ask about the spare key', daysAgo: 3 },
  ],
};

const DAY_MS = 86_400_000;

/**
 * Makes the demo account and its data through the services' own pages, with nothing that a person could not do.
 * Repeatable: what an interrupted start has made already stays as it is.
 */
export async function seed(demo: Person, parties: Parties, say: (line: string) => void): Promise<void> {
  const places = [
    parties.am,
    ...parties.hosts,
    ...(parties.bridge === undefined ? [] : [parties.bridge.place]),
    parties.requester,
  ];
  for (const { url } of places) await ensureAccount(demo, url);
  say(`an account "${demo.username}" at each of the ${places.length} services`);
  let added = 0;
  for (const host of parties.hosts) added += await ensureEntries(demo, host);
  say(`${added} entries at ${names(parties.hosts)}`);
  for (const host of parties.hosts) await ensureLink(demo, parties, host);
  say(`${parties.am.title} linked with ${names(parties.hosts)}; what it may share was chosen at each`);
  if (parties.bridge !== undefined) {
    const { place, services } = parties.bridge;
    for (const service of services) await ensureService(demo, place, service);
    await ensureLink(demo, parties, place);
    const titles = services.map(({ title }) => title).join(' and ');
    say(`${titles}, which have never heard of an AM, connected at ${place.title}, and that linked too`);
  }
  await ensureConnection(demo, parties);
  say(`${parties.requester.title} connected: reads Photos and Calendar, posts to Photos, asks before it reads Notes`);
  await checkSigned(demo, parties);
  say(`it signed “No training”, would sign “Only to serve me”, declines “Delete after 30 days”`);
}

const names = (services: readonly Place[]) => services.map(({ title }) => title).join(', ');

async function ensureAccount(demo: Person, url: string): Promise<void> {
  await demo.visit(`${url}/sign-in`);
  const page = await demo.press('Sign in', { username: demo.username, password: demo.password });
  if (page.status < 400) return;
  await signUp(demo, url);
}

async function ensureEntries(demo: Person, host: Place): Promise<number> {
  const flavor = FLAVORS.find((known) => known === host.flavor);
  const entries = flavor === undefined ? [] : ENTRIES[flavor];
  for (const { text, daysAgo, picture } of entries) {
    const page = await demo.visit(`${host.url}/entries`);
    if (page.text.includes(text)) continue;
    const date = new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);
    const after = await demo.press('Add', { text, date, ...(picture !== undefined && { picture: fileOf(picture) }) });
    if (after.status >= 400) throw new PageError(`${host.title} did not take an entry.`, after);
  }
  return entries.length;
}

const fileOf = (picture: number): File =>
  new File([new Uint8Array(drawnPicture(picture))], 'hills.png', { type: 'image/png' });

async function ensureLink(demo: Person, { am }: Parties, host: Place): Promise<void> {
  const page = await demo.visit(`${am.url}/hosts`);
  if (!page.text.includes(host.url)) await addHost(demo, { am, host });
}

/** Connects a service at the bridge: to the service, "Allow" there, and back. */
async function ensureService(demo: Person, bridge: Place, service: StandIn): Promise<void> {
  const page = await demo.visit(`${bridge.url}/services`);
  if (!page.forms.some(({ action }) => action.pathname === `/services/${service.id}/connect`)) return;
  await demo.press('Connect', {}, { near: service.title });
  await demo.follow(/^Continue to /);
  const back = await demo.press('yes', { account: demo.username });
  if (back.url.origin !== bridge.url || back.status !== 200)
    throw new PageError(`${service.title} was not connected.`, back);
}

async function ensureConnection(demo: Person, { am, requester }: Parties): Promise<void> {
  const page = await demo.visit(`${requester.url}/connections`);
  if (page.text.includes(am.url)) return;
  await connectRequester(demo, {
    am,
    requester,
    terms: 'no-training/1.0',
    answers({ host, scope }) {
      if (host.startsWith('Photos') || scope.endsWith(':entries.read')) return 'allow';
      if (scope !== 'entries.read') return 'no';
      return host.startsWith('Notes') ? 'ask' : 'allow';
    },
  });
}

/** Checks that the Requester has signed the first of these terms, which it was asked to when it was connected. */
async function checkSigned(demo: Person, { am, requester }: Parties): Promise<void> {
  await demo.visit(`${am.url}/apps`);
  const page = await demo.follow(`Open ${requester.title}`);
  if (!page.text.includes(`${requester.title} signed “No training 1.0”`))
    throw new PageError(`${requester.title} has not signed what it was asked to.`, page);
}
