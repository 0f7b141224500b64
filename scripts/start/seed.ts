import {
  addHost,
  connectRequester,
  type Flavor,
  FLAVORS,
  type HouseService,
  PageError,
  type Person,
  signUp,
} from '@chatelaine/constellation';

/** A service, wherever it runs. */
export type Place = Pick<HouseService, 'name' | 'url' | 'title' | 'flavor'>;

/** What seeding needs of the services. */
export interface Town<Service = Place> {
  readonly am: Service;
  readonly hosts: readonly Service[];
  readonly requester: Service;
}

const ENTRIES: Readonly<Record<Flavor, readonly { text: string; daysAgo: number }[]>> = {
  photos: [
    { text: 'The harbour at six in the morning, before the ferries', daysAgo: 9 },
    { text: 'Grandmother and the new bicycle', daysAgo: 4 },
    { text: 'Fog over the allotments', daysAgo: 1 },
  ],
  calendar: [
    { text: 'Dentist, 10:30', daysAgo: 6 },
    { text: 'Choir rehearsal, St. Mark, 19:00', daysAgo: 2 },
    { text: 'Train to the coast, 8:12 from platform 4', daysAgo: -3 },
  ],
  notes: [
    { text: 'Bread: 500 g flour, 350 g water, 10 g salt, patience', daysAgo: 12 },
    { text: 'Ask about the spare key', daysAgo: 3 },
  ],
};

const DAY_MS = 86_400_000;

/**
 * Makes the demo account and what it has, through the services' own pages: whatever a person could do, and nothing else. Repeatable: what an
 * interrupted start made already is left alone.
 */
export async function seed(demo: Person, town: Town, say: (line: string) => void): Promise<void> {
  for (const { url } of [town.am, ...town.hosts, town.requester]) await ensureAccount(demo, url);
  say(`an account "${demo.username}" at each of the five services`);
  let added = 0;
  for (const host of town.hosts) added += await ensureEntries(demo, host);
  say(`${added} entries at ${names(town.hosts)}`);
  for (const host of town.hosts) await ensureLink(demo, town, host);
  say(`${town.am.title} linked with ${names(town.hosts)}; how much it may share was chosen at each of them`);
  await ensureConnection(demo, town);
  say(`${town.requester.title} connected: reads Photos and Calendar, posts to Photos, asks before it reads Notes`);
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
  for (const { text, daysAgo } of entries) {
    const page = await demo.visit(`${host.url}/entries`);
    if (page.text.includes(text)) continue;
    const date = new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);
    const after = await demo.press('Add', { text, date });
    if (after.status >= 400) throw new PageError(`${host.title} did not take an entry.`, after);
  }
  return entries.length;
}

async function ensureLink(demo: Person, { am }: Town, host: Place): Promise<void> {
  const page = await demo.visit(`${am.url}/hosts`);
  if (!page.text.includes(host.url)) await addHost(demo, { am, host });
}

async function ensureConnection(demo: Person, { am, requester }: Town): Promise<void> {
  const page = await demo.visit(`${requester.url}/connections`);
  if (page.text.includes(am.url)) return;
  await connectRequester(demo, {
    am,
    requester,
    answers({ host, scope }) {
      if (host.startsWith('Photos')) return 'allow';
      if (scope !== 'entries.read') return 'no';
      return host.startsWith('Notes') ? 'ask' : 'allow';
    },
  });
}
