import type { Page } from 'playwright-core';
import { broken, month, paused, ROBIN, stored, withBoard, withEnds, withMany } from './am-stored.ts';
import { am, appPage, press } from './am-steps.ts';
import type { PageView } from './page-views.ts';

async function addHost(page: Page, address: string): Promise<void> {
  await page.locator('input[name=host]').fill(address);
  await press(page, 'Continue');
}

/** The AM's pages, except for the consent page. */
export const AM_PAGES: readonly PageView[] = [
  { name: 'am-front', who: 'visitor', url: am('/') },
  { name: 'am-docs', who: 'visitor', url: am('/docs') },
  {
    name: 'am-docs-operation',
    who: 'visitor',
    url: am('/docs'),
    act: (page) => page.getByText('POST /par').click(),
  },
  { name: 'am-sign-in', who: 'visitor', url: am('/sign-in') },
  { name: 'am-sign-up', who: 'visitor', url: am('/sign-up') },
  { name: 'am-account', who: 'robin', url: am('/account?done=password') },
  { name: 'am-account-sessions', who: 'robin', url: am('/account/sessions') },
  { name: 'am-account-password', who: 'robin', url: am('/account/password') },
  { name: 'am-account-passkeys-none', who: 'robin', url: am('/account/passkeys') },
  {
    name: 'am-account-passkeys',
    who: 'robin',
    url: am('/account/passkeys'),
    around: stored(
      `insert into passkey (id, account_id, public_key, counter, transports, backed_up, name, created_at, last_used_at)
       select v.id, ${ROBIN}, '', 0, '{}', v.backed_up, v.name, now() - interval '40 days', v.used from (values
         ('look_1', true, 'Safari on iPhone', now()), ('look_2', false, 'Security key', null::timestamptz)) v
           (id, backed_up, name, used)`,
      `delete from passkey where id like 'look_%' and account_id = ${ROBIN}`,
    ),
  },
  { name: 'am-account-passkeys-add', who: 'robin', url: am('/account/passkeys/add') },
  { name: 'am-account-recovery', who: 'robin', url: am('/account/recovery') },
  {
    name: 'am-account-recovery-codes',
    who: 'robin',
    url: am('/account/recovery'),
    act: (page) => page.getByRole('button', { name: /^Make/ }).click(),
  },
  { name: 'am-sign-in-forgot', who: 'visitor', url: am('/sign-in/forgot') },
  { name: 'am-sign-in-recovery', who: 'visitor', url: am('/sign-in/recovery') },
  { name: 'am-account-notifications', who: 'robin', url: am('/account/notifications') },
  { name: 'am-account-export', who: 'robin', url: am('/account/export') },
  { name: 'am-account-delete', who: 'robin', url: am('/account/delete') },
  { name: 'am-account-confirm', who: 'robin', url: am('/account/confirm') },
  { name: 'am-home-empty', who: 'newcomer', url: am('/') },
  { name: 'am-home', who: 'robin', url: am('/'), around: month },
  {
    name: 'am-home-needs-you',
    who: 'robin',
    url: am('/'),
    around: (stage, look) => broken(stage, () => withEnds(stage, look)),
  },
  { name: 'am-home-board', who: 'robin', url: am('/'), around: withBoard },
  {
    name: 'am-key',
    who: 'robin',
    url: am('/'),
    act: async (page) => {
      await page.locator('.board td a').first().click();
      await press(page, 'Ask me each time');
      await page.getByText('Saved.').waitFor();
    },
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
    act: async (page, { deployment }) => {
      await addHost(page, deployment.host('notes').url);
      await page.getByRole('link', { name: /^Continue to / }).waitFor();
    },
  },
  { name: 'am-callback-not-ours', who: 'robin', url: am('/callback/aaaaaaaaaaaaaaaaaaaaaa?state=x&code=y') },
  { name: 'am-apps-none', who: 'newcomer', url: am('/apps') },
  {
    name: 'am-apps',
    who: 'robin',
    url: am('/apps'),
    around: withEnds,
    act: (page) => page.locator('summary').first().click(),
  },
  { name: 'am-app', who: 'robin', url: am('/apps'), act: appPage },
  {
    name: 'am-app-saved',
    who: 'robin',
    url: am('/apps'),
    act: async (page) => {
      await appPage(page);
      await press(page, 'Save');
      await page.getByText('Saved.').waitFor();
    },
  },
  { name: 'am-app-paused', who: 'robin', url: am('/apps'), around: paused, act: appPage },
  { name: 'am-rules-none', who: 'newcomer', url: am('/rules') },
  {
    name: 'am-rules-tried',
    who: 'robin',
    url: am('/rules'),
    act: async (page) => {
      await press(page, 'Try it');
      await page.getByText('has the last word').first().waitFor();
    },
  },
  {
    name: 'am-app-rule',
    who: 'robin',
    url: am('/apps'),
    act: async (page) => {
      await appPage(page);
      await page
        .getByRole('link', { name: /^Until when/ })
        .first()
        .click();
      await page.locator('input[name=most]').fill('0');
      await press(page, 'Save');
      await page.locator('.problem').waitFor();
    },
  },
  {
    name: 'am-app-add',
    who: 'robin',
    url: am('/apps'),
    around: withMany,
    act: async (page) => {
      await appPage(page);
      await page.getByRole('link', { name: 'Let it ask for more' }).click();
      await page.getByText('Add what I chose').waitFor();
    },
  },
  { name: 'am-app-stopped', who: 'robin', url: am('/apps/con_look'), around: withEnds },
  { name: 'am-ends-none', who: 'newcomer', url: am('/ends') },
  { name: 'am-ends', who: 'robin', url: am('/ends'), around: withEnds },
  { name: 'am-timeline-empty', who: 'newcomer', url: am('/timeline') },
  { name: 'am-timeline', who: 'robin', url: am('/timeline'), around: month },
  { name: 'am-timeline-keep', who: 'robin', url: am('/timeline/keep') },
  { name: 'am-timeline-narrowed', who: 'robin', url: am('/timeline?outcome=refused&q=Photos'), around: month },
  {
    name: 'am-timeline-why',
    who: 'robin',
    url: am('/timeline?outcome=refused'),
    around: month,
    act: (page) =>
      page
        .getByRole('link', { name: /^Why\?/ })
        .first()
        .click(),
  },
];
