import type { Page } from 'playwright-core';
import { am, appAsks, appPage, askedForConsent } from './am-steps.ts';
import { type Around, ROBIN, stored } from './am-stored.ts';
import type { PageView } from './page-views.ts';

// Robin has connected Lifestream, which has signed; anything else that pages about terms show is written into the
// tables.

const choosing = (terms: string, signersOnly = false): Around =>
  stored(
    `update owner set terms = '{${terms}}', signers_only = ${signersOnly} where id = ${ROBIN}`,
    `update owner set terms = '{}', signers_only = false where id = ${ROBIN}`,
  );

const OFFERED = `select p.* from proffer p join oauth_grant g on g.bucket = p.bucket and g.terms = p.jti
  where g.subject = ${ROBIN}`;
const declined = stored(
  `update proffer set decision = 'declined', accepted = null where jti in (select jti from (${OFFERED}) p)`,
  `update proffer set decision = 'accepted', accepted = terms[1] where jti in (select jti from (${OFFERED}) p)`,
);
const waiting = stored(
  `with fresh as (
     insert into proffer (bucket, jti, connection_id, terms, proffer)
     select bucket, 'look', connection_id, '{no-training/1.1,not-passed-on/1.0}', 'look' from (${OFFERED}) p
       returning bucket, connection_id
   )
   update oauth_grant g set terms = 'look' from fresh where g.bucket = fresh.bucket and g.id = fresh.connection_id`,
  `with back as (
     update oauth_grant g set terms = p.jti from proffer p
     where g.subject = ${ROBIN} and g.terms = 'look' and p.bucket = g.bucket and p.connection_id = g.id
       and p.jti <> 'look' returning g.bucket
   )
   delete from proffer p using back where p.bucket = back.bucket and p.jti = 'look'`,
);

const openOffers = async (page: Page): Promise<void> => {
  await appPage(page);
  await page.getByText(/^Offer Lifestream other terms/).click();
};
const lifestream: PageView['url'] = ({ deployment }) => `${deployment.requester.url}/connect`;

/** The AM's pages about terms. */
export const TERMS_PAGES: readonly PageView[] = [
  { name: 'am-terms-none', who: 'newcomer', url: am('/terms') },
  {
    name: 'am-terms',
    who: 'robin',
    url: am('/terms?saved=yes'),
    around: choosing('only-for-me/1.0,not-passed-on/1.0'),
  },
  { name: 'am-terms-new-version', who: 'robin', url: am('/terms'), around: choosing('no-training/1.0', true) },
  { name: 'am-terms-document', who: 'visitor', url: am('/terms/no-training/1.1') },
  { name: 'am-terms-document-signed-in', who: 'robin', url: am('/terms/only-for-me/1.0') },
  { name: 'am-app-terms-signed', who: 'robin', url: am('/apps'), act: openOffers },
  { name: 'am-app-terms-waiting', who: 'robin', url: am('/apps'), around: waiting, act: openOffers },
  { name: 'am-app-terms-declined', who: 'robin', url: am('/apps'), around: declined, act: appPage },
  {
    name: 'am-consent-terms',
    who: 'robin',
    url: lifestream,
    around: choosing('only-for-me/1.0,not-passed-on/1.0'),
    act: askedForConsent,
  },
  {
    name: 'am-consent-terms-cannot-sign',
    who: 'robin',
    url: am('/'),
    around: choosing('only-for-me/1.0'),
    act: appAsks(({ deployment }) => deployment.host('photos').resource),
  },
  {
    name: 'am-consent-terms-signers-only',
    who: 'robin',
    url: am('/'),
    around: choosing('only-for-me/1.0', true),
    act: appAsks(({ deployment }) => deployment.host('photos').resource),
  },
  {
    name: 'lifestream-hosts-terms-declined',
    who: 'robin',
    url: ({ deployment }) => `${deployment.requester.url}/connections`,
    around: declined,
  },
];
