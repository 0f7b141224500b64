import type { Page } from 'playwright-core';
import type { Stage } from './stage.ts';
import type { Stop } from './stops.ts';

const am = (path: string) => (stage: Stage) => `${stage.house.am.url}${path}`;
const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const MANY = 50;

async function addHost(page: Page, address: string): Promise<void> {
  await page.locator('input[name=host]').fill(address);
  await press(page, 'Continue');
}

/** From Lifestream to the AM's question. */
async function askedForConsent(page: Page, { house }: Stage): Promise<void> {
  await page.locator('input[name=am]').fill(house.am.url);
  await press(page, 'Connect');
  await page.getByRole('link', { name: /^Continue to / }).click();
  await page.getByText('Who asks').waitFor();
}

/** Changes what the AM has stored of Robin, and puts it back. */
function stored(change: string, back: string): NonNullable<Stop['around']> {
  return async ({ house, people }, look) => {
    const who = [people.robin.username];
    await house.database.query('am', change, who);
    await look().finally(() => house.database.query('am', back, who));
  };
}

const ROBIN = '(select id from account where username = $1)';
const broken = stored(
  `update link set state = 'broken' where owner_id = ${ROBIN} and label = 'my Calendar'`,
  `update link set state = 'active' where owner_id = ${ROBIN} and label = 'my Calendar'`,
);
const ends = stored(
  `insert into revocation (id, owner_id, link_id, host_id, connection_id, grant_id, state, attempts, tried_at, confirmed_at)
   select 'rev_look_' || l.id, l.owner_id, l.id, l.host_id, 'con_look', 'g' || l.id,
     case h.name when 'Photos' then 'confirmed' when 'Notes' then 'failed' else 'pending' end, 3, now(), case h.name when 'Photos' then now() end
   from link l join host h on h.id = l.host_id where l.owner_id = ${ROBIN}`,
  `delete from revocation where id like 'rev_look_%' and owner_id = ${ROBIN}`,
);
const stoppedConnection = stored(
  `insert into connection (id, owner_id, client_id, client_name, ended_at) values ('con_look', ${ROBIN}, 'https://diary.example/client', 'Diary', now())`,
  `delete from connection where id = 'con_look' and owner_id = ${ROBIN}`,
);
const withEnds: NonNullable<Stop['around']> = (stage, look) => stoppedConnection(stage, () => ends(stage, look));
const many = stored(
  `with hosts as (
     insert into host (id, issuer, name, metadata, resources, transfer_scopes)
     select rpad('many' || n, 22, 'x'), 'https://host' || n || '.example', 'Host ' || n, h.metadata, array['https://host' || n || '.example/api'], h.transfer_scopes
     from (select * from host where name = 'Photos') h, generate_series(1, ${MANY}) n returning id, name
   )
   insert into link (id, owner_id, host_id, label, transfer_scope)
   select 'link_' || h.id, l.owner_id, h.id, 'my ' || h.name, l.transfer_scope
   from hosts h, (select * from link where owner_id = ${ROBIN} and label = 'my Photos') l`,
  `with gone as (delete from link where id like 'link_many%' and owner_id = ${ROBIN} returning host_id)
   select count(*) from gone`,
);
const withMany: NonNullable<Stop['around']> = async (stage, look) => {
  await many(stage, look).finally(() => stage.house.database.query('am', `delete from host where id like 'many%'`));
};

/** An app that has never heard of us, and asks for this resource. */
const appAsks =
  (resourceOf: (stage: Stage) => string): NonNullable<Stop['act']> =>
  async (page, stage) => {
    const { house } = stage;
    const redirect_uri = 'http://127.0.0.1:4999/callback';
    const body = JSON.stringify({ client_name: 'Plain app', redirect_uris: [redirect_uri] });
    const headers = { 'content-type': 'application/json' };
    const registered = await house.fetch(`${house.am.url}/register`, { method: 'POST', headers, body });
    const { client_id } = (await registered.json()) as { client_id: string };
    const code_challenge = 'A'.repeat(43);
    const asked = { client_id, redirect_uri, response_type: 'code', code_challenge, code_challenge_method: 'S256' };
    const query = new URLSearchParams({ ...asked, resource: resourceOf(stage) });
    await page.goto(`${house.am.url}/authorize?${query.toString()}`);
    await page.getByText('Who asks').waitFor();
  };
const bearerHosts = stored(
  'update host set bearer = true where exists (select from account where username = $1)',
  'update host set bearer = false where exists (select from account where username = $1)',
);

const connectionPage = async (page: Page): Promise<void> => {
  await page
    .getByRole('link', { name: /^Change/ })
    .first()
    .click();
};

/** The AM's pages. */
export const AM_STOPS: readonly Stop[] = [
  { name: 'am-front', who: 'visitor', url: am('/') },
  { name: 'am-sign-in', who: 'visitor', url: am('/sign-in') },
  { name: 'am-sign-up', who: 'visitor', url: am('/sign-up') },
  { name: 'am-home-empty', who: 'newcomer', url: am('/') },
  { name: 'am-home', who: 'robin', url: am('/') },
  {
    name: 'am-home-needs-you',
    who: 'robin',
    url: am('/'),
    around: (stage, look) => broken(stage, () => withEnds(stage, look)),
  },
  { name: 'am-asks-none', who: 'newcomer', url: am('/asks') },
  { name: 'am-asks', who: 'robin', url: am('/asks') },
  {
    name: 'am-ask',
    who: 'robin',
    url: am('/asks'),
    act: (page) =>
      page
        .getByRole('link', { name: /^Decide/ })
        .first()
        .click(),
  },
  { name: 'am-ask-over', who: 'robin', url: am('/asks/ask_none') },
  { name: 'am-hosts-none', who: 'newcomer', url: am('/hosts') },
  {
    name: 'am-hosts',
    who: 'robin',
    url: am('/hosts'),
    act: (page) => page.locator('summary').last().click(),
  },
  { name: 'am-hosts-broken', who: 'robin', url: am('/hosts'), around: broken },
  { name: 'am-add-host', who: 'newcomer', url: am('/hosts/add') },
  {
    name: 'am-add-host-problem',
    who: 'newcomer',
    url: am('/hosts/add'),
    act: async (page) => {
      await addHost(page, 'not an address');
      await page.locator('.problem').waitFor();
    },
  },
  {
    name: 'am-continue-at-host',
    who: 'newcomer',
    url: am('/hosts/add'),
    act: async (page, { house }) => {
      await addHost(page, house.host('notes').url);
      await page.getByRole('link', { name: /^Continue to / }).waitFor();
    },
  },
  { name: 'am-callback-not-ours', who: 'robin', url: am('/callback/aaaaaaaaaaaaaaaaaaaaaa?state=x&code=y') },
  { name: 'am-requesters-none', who: 'newcomer', url: am('/requesters') },
  {
    name: 'am-requesters',
    who: 'robin',
    url: am('/requesters'),
    around: withEnds,
    act: (page) => page.locator('summary').first().click(),
  },
  { name: 'am-connection', who: 'robin', url: am('/requesters'), act: connectionPage },
  {
    name: 'am-connection-saved',
    who: 'robin',
    url: am('/requesters'),
    act: async (page) => {
      await connectionPage(page);
      await press(page, 'Save');
      await page.getByText('Saved.').waitFor();
    },
  },
  { name: 'am-connection-ended', who: 'robin', url: am('/requesters/con_look'), around: withEnds },
  { name: 'am-ends-none', who: 'newcomer', url: am('/ends') },
  { name: 'am-ends', who: 'robin', url: am('/ends'), around: withEnds },
  { name: 'am-timeline-empty', who: 'newcomer', url: am('/timeline') },
  { name: 'am-timeline', who: 'robin', url: am('/timeline') },
  {
    name: 'am-consent-no-hosts',
    who: 'newcomer',
    url: ({ house }) => `${house.requester.url}/connect`,
    act: askedForConsent,
  },
  { name: 'am-consent', who: 'robin', url: ({ house }) => `${house.requester.url}/connect`, act: askedForConsent },
  {
    name: 'am-consent-way-back',
    who: 'robin',
    url: ({ house }) => `${house.requester.url}/connect`,
    async act(page, stage) {
      await askedForConsent(page, stage);
      // where it moves on to answers nothing, so that the page stays to be looked at
      await page.route('**/callback?*', (route) => route.fulfill({ status: 204 }), { times: 1 });
      await press(page, 'Refuse');
      await page.getByText('You are being taken back').waitFor();
    },
  },
  {
    name: 'am-consent-answered',
    who: 'robin',
    url: ({ house }) => `${house.requester.url}/connect`,
    async act(page, stage) {
      await askedForConsent(page, stage);
      const question = page.url();
      await press(page, 'Refuse');
      await page.waitForURL(`${stage.house.requester.url}/**`);
      await page.goto(question);
      await page.getByText('You have already answered this').waitFor();
    },
  },
  {
    name: 'am-consent-both',
    who: 'robin',
    url: ({ house }) => `${house.requester.url}/connect`,
    async act(page, stage) {
      await page.locator('input[name=share]').check();
      await askedForConsent(page, stage);
      await page.getByText('as one of my Hosts?').waitFor();
    },
  },
  {
    name: 'am-consent-nothing-chosen',
    who: 'robin',
    url: ({ house }) => `${house.requester.url}/connect`,
    around: broken,
    act: async (page, stage) => {
      await askedForConsent(page, stage);
      await press(page, 'Connect');
      await page.getByText('Choose at least one thing').waitFor();
    },
  },
  {
    name: 'am-consent-app',
    who: 'robin',
    url: am('/'),
    around: bearerHosts,
    act: appAsks(({ house }) => house.host('photos').resource),
  },
  {
    name: 'am-consent-app-not-linked',
    who: 'newcomer',
    url: am('/'),
    act: appAsks(({ house }) => house.host('photos').resource),
  },
  {
    name: 'am-consent-many',
    who: 'robin',
    url: ({ house }) => `${house.requester.url}/connect`,
    around: withMany,
    act: askedForConsent,
  },
];
