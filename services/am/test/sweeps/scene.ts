import {
  Browser,
  type Crawled,
  crawl,
  EVIL_MARKUP,
  PASSWORD,
  routeOf,
  routesIn,
  rowsAbout,
} from '@chatelaine/test-kit';
import { startMailServer } from '@chatelaine/test-kit/mail-server';
import { type Owner, TestDeployment } from '../support/deployment.ts';
import { Signer } from '../support/terms.ts';

/** In seconds: background jobs would change rows that the tests compare. */
const NEVER = 2_000_000;
/** Stands in everything of the victim's. */
export const MARK = 'victim-4711';
const EVIL = `${EVIL_MARKUP}${MARK}`;

const mail = await startMailServer();
export const deployment = await TestDeployment.build({
  config: {
    mail: { url: mail.url, from: 'am@am.example' },
    jobs: { everySeconds: NEVER, dueEverySeconds: NEVER, seenEverySeconds: NEVER },
    checkpoints: { everySeconds: NEVER, afterSeconds: NEVER },
    keysReadEverySeconds: NEVER,
  },
});
export async function closeSweeps(): Promise<void> {
  await deployment.close();
  await mail.close();
}

/** The routes of the AM. */
export const routes = routesIn(deployment.ams[0].app.printRoutes({ commonPrefix: false }));

/** What programs call, with tokens and keys in place of a session; and files that are the same for everybody. */
const FOR_PROGRAMS = [
  /^\/(?:agreements|introspect|par|refusals|register|revoke|targets|token|transfers)\b/,
  /^\/(?:healthz|jwks|openapi\.json|readyz|clients\/:tag|\.well-known\/.*)$/,
  /\.(?:css|js|svg)$/,
];
/** The routes that people use, in a browser. */
export const forPeople = routes.filter(({ path }) => !FOR_PROGRAMS.some((one) => one.test(path)));
export const routeFor = (method: string, path: string) => routeOf(routes, { method, path });

/** Somebody with some of everything, all of it marked. */
export const victim = await deployment.owner();
/** The consent page of an app that asks the victim. */
const consentPath = await furnish();
const kindOf = (path: string): string => routeFor('GET', path)?.path ?? path;
export const crawled: Crawled = await crawl(victim.browser, {
  from: ['/', '/account', '/account/confirm', '/ends', '/terms/keys', await confirmedByMail(), consentPath],
  kindOf,
});
/** Somebody who is not signed in, and what is there for them. */
export const nobody = new Browser(deployment.ams[0].port);
export const signedOut: Crawled = await crawl(nobody, {
  from: ['/sign-in', '/sign-up', '/sign-in/recovery'],
  kindOf,
});

/** Somebody else, with an account and nothing more. */
export const attacker = (): Promise<Owner> => deployment.owner();
/** All rows of the victim's, whatever the table. */
export const everythingOfTheVictim = (): Promise<string[]> =>
  rowsAbout((text, values) => deployment.rows(text, values), victim.id);

/** Confirms an address of the victim's, and asks to change it; the page to which the second mail leads. */
async function confirmedByMail(): Promise<string> {
  const { browser } = victim;
  const asked = async (email: string, mails: number): Promise<string> => {
    await browser.submit('/account/email', '/account/email', { email });
    const { pathname, search } = new URL(/https?:\S+token=\S+/.exec((await mail.arrived(mails)).text)?.[0] ?? '');
    return `${pathname}${search}`;
  };
  await browser.submit(await asked(`${MARK}@example.com`, 1), '/account/email/confirm');
  return asked(`${MARK}@example.org`, mail.mails.length + 1);
}

async function furnish(): Promise<string> {
  const { browser } = victim;
  const linkId = await deployment.link(victim);
  await browser.submit('/hosts', `/hosts/${linkId}/name`, { label: EVIL });
  const second = await deployment.link(victim, deployment.second);
  await deployment.rows(`update link set state = 'broken' where id = $1`, [second]);
  const requester = deployment.requester({ name: EVIL });
  const answers = { 'photos.read': 'allow', 'photos.write': 'ask' } as const;
  const fields = { terms: 'only-for-me/1.0' };
  const connection = await deployment.connect({ owner: victim, requester, linkId, answers, fields });
  const story = { owner: victim, requester, linkId, connection };
  await deployment.connect({ owner: victim, requester, linkId, answers });
  const signer = new Signer(deployment, story);
  await signer.call({ body: { agreement: await signer.sign(await signer.proffer()) } });
  const resource = deployment.host.resource;
  await requester.transfer({ connection, resource, scope: 'photos.read' });
  await requester.transfer({ connection, resource, scope: 'photos.none' });
  await requester.transfer({ connection, resource, scope: 'photos.write', params: { purpose: EVIL } });
  await browser.submit(`/apps/${connection.id}`, `/apps/${connection.id}/name`, { name: EVIL });
  const paused = await deployment.beside(story, answers);
  await browser.submit(`/apps/${paused.connection.id}`, `/apps/${paused.connection.id}/pause`, { for: 'open' });
  const stopped = await deployment.beside(story, answers, { name: EVIL });
  await browser.submit(`/apps/${stopped.connection.id}`, `/apps/${stopped.connection.id}/stop`);
  await deployment.rows(
    `insert into passkey (id, account_id, public_key, counter, transports, backed_up, name)
     values ('pk_victim', $1, '', 0, '{}', true, $2)`,
    [victim.id, EVIL],
  );
  await deployment.rows(
    `insert into passkey (id, account_id, public_key, counter, transports, backed_up, name)
     values ('pk_victim2', $1, '', 0, '{}', true, $2)`,
    [victim.id, EVIL],
  );
  await new Browser(deployment.ams[0].port).submit('/sign-in', '/sign-in', {
    username: victim.username,
    password: PASSWORD,
  });
  const wants = [{ scope: 'photos.read photos.write', purpose: EVIL }];
  const another = deployment.requester({ name: EVIL });
  return (await another.push({ chatelaine_wants: JSON.stringify(wants) })).path;
}
