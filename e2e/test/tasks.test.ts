import fs from 'node:fs';
import path from 'node:path';
import { type Constellation, startConstellation } from '@chatelaine/constellation';
import { type MailServer, startMailServer } from '@chatelaine/test-kit/mail-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext } from 'playwright-core';
import { chromiumPath, launchChromium, newContext } from '../support/chromium.ts';
import { contextFor } from '../support/stage.ts';
import { type Walk, walkFrom } from '../support/walk.ts';
import { furnish, linkInMail, type Somebody } from './tasks/furnish.ts';

// An owner's tasks, done by somebody who knows only the AM's address and what the pages say.

const GUIDE = fs.readFileSync(path.join(import.meta.dirname, '../../docs/owners-guide.md'), 'utf8');
/** The numbers that the guide publishes, by task. */
const PUBLISHED = new Map(
  [...GUIDE.matchAll(/^\| \[(.+?)\]\(.*?\) \| (\d+) \| (\d+) \|$/gm)].map(([, task = '', clicks, fields]) => [
    task,
    { clicks: Number(clicks), fields: Number(fields) },
  ]),
);

const executable = chromiumPath();
const describeInBrowser = executable === null ? describe.skip : describe;
describeInBrowser(`by the words on the pages${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let deployment: Constellation;
  let browser: Browser;
  let mail: MailServer;
  const opened: BrowserContext[] = [];
  const done = new Set<string>();

  beforeAll(async () => {
    mail = await startMailServer();
    const ofTheAm = { SMTP_URL: mail.url, MAIL_FROM: 'am@am.example' };
    const env = ({ service }: { service: string }): Record<string, string> => (service === 'am' ? ofTheAm : {});
    [deployment, browser] = await Promise.all([
      startConstellation({ ams: 1, hosts: ['calendar', 'notes'], label: 'tasks', env }),
      launchChromium(executable ?? '', { as: 'one process' }),
    ]);
  });
  afterEach(async () => {
    for (const context of opened.splice(0)) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await deployment?.stop();
    await mail?.close();
  });

  describe.each([
    ['robin', { width: 1280, height: 800 }],
    ['kim', { width: 390, height: 844 }],
  ])('%s, on a screen of %o', (username, viewport) => {
    let somebody: Somebody;
    beforeAll(async () => {
      somebody = await furnish(deployment, { username, mail });
    });

    /** Starts at the AM's front page, signed in. */
    async function walkSignedIn(): Promise<Walk> {
      const context = await contextFor(browser, somebody.person, deployment, { viewport });
      opened.push(context);
      return walkFrom(await context.newPage(), deployment.am.url);
    }
    /** Starts at the AM's front page in a browser without a session. */
    async function walkSignedOut(): Promise<Walk> {
      const context = await newContext(browser, { viewport });
      opened.push(context);
      return walkFrom(await context.newPage(), deployment.am.url);
    }
    /** Compares the numbers in the guide with those counted. */
    function counts(task: string, { taken }: Walk): void {
      expect({ task, ...taken }).toEqual({ task, ...PUBLISHED.get(task) });
      done.add(task);
    }

    test('find who read my calendar last week', async () => {
      const walk = await walkSignedIn();
      await walk.follow('Activity');
      await walk.pick('Calendar', { list: 'Service' });
      await walk.press('Show');
      await walk.follow('Last 7 days');
      await walk.reads(/Lifestream got a key for “my Calendar” at Calendar \(See your/);
      expect(await walk.page.locator('main').innerText()).not.toMatch(/at Notes/);
      counts('Find who read my calendar last week', walk);
    });

    test('allow an agent one thing for one hour, when it asks', async () => {
      expect(await somebody.agent({ at: 'calendar', scope: 'entries.read' })).toBe('interaction_required');
      const walk = await walkSignedIn();
      await walk.follow(/^Decide about Errands/);
      await walk.press('For 1 hour');
      await walk.reads('Errands may do this for an hour without asking.');
      counts('Allow an agent one thing for one hour, when it asks', walk);
      expect(await somebody.agent({ at: 'calendar', scope: 'entries.read' })).toBe('a key');
      expect(await somebody.agent({ at: 'calendar', scope: 'entries.write' })).not.toBe('a key');
    });

    test('allow an agent one thing for one hour, before it asks', async () => {
      const walk = await walkSignedIn();
      await walk.follow(/^Ask.*: Errands at Notes/);
      await walk.follow(/^Only this, until when, how often.*Read your notes/);
      await walk.answer('Allow', 'Answer');
      await walk.answer('1 hour', 'For how long');
      await walk.press('Save');
      await walk.reads('Saved.');
      counts('Allow an agent one thing for one hour, before it asks', walk);
      expect(await somebody.agent({ at: 'notes', scope: 'entries.read' })).toBe('a key');
    });

    test('undo a mistaken Never', async () => {
      const walk = await walkSignedIn();
      await walk.follow(/^Never.*: Lifestream at Notes/);
      await walk.press('Ask me each time');
      await walk.reads('Saved.');
      counts('Undo a mistaken Never', walk);
      await somebody.person.visit(deployment.requester.url);
      const { text } = await somebody.person.visit(`${deployment.am.url}/asks`);
      expect(text).toContain('Lifestream asks for something of “my Notes”');
    });

    test('stop an app, and see that the services confirmed', async () => {
      const walk = await walkSignedIn();
      await walk.follow('Lifestream');
      await walk.unfold('Stop it');
      await walk.press('Stop Lifestream');
      await walk.reads('Nothing is left: both services have confirmed that nothing of it is alive there.');
      counts('Stop an app, and see that the services confirmed', walk);
      const { text } = await somebody.person.visit(`${deployment.host('calendar').url}/access`);
      expect(text).toContain('stopped');
    });

    test('get back in by a recovery code', async () => {
      const walk = await walkSignedOut();
      await walk.follow('Sign in');
      await walk.follow('Forgotten your password?');
      await walk.follow('Use a recovery code');
      await walk.fill('Username', username);
      await walk.fill('Recovery code', somebody.code);
      await walk.press('Sign in');
      await walk.reads(`Signed in as ${username}`);
      counts('Get back in by a recovery code', walk);
    });

    test('get back in by mail', async () => {
      const walk = await walkSignedOut();
      await walk.follow('Sign in');
      await walk.follow('Forgotten your password?');
      await walk.fill('Username or e-mail address', username);
      await walk.press('Send the link');
      await walk.reads('a link is on its way');
      await walk.open(await linkInMail(mail, { to: somebody.address, about: 'A new password' }));
      await walk.fill(`New password of ${username}`, 'another horse battery');
      await walk.press('Set this password');
      await walk.follow('Sign in');
      await walk.fill('Username', username);
      await walk.fill('Password', 'another horse battery');
      await walk.press('Sign in');
      await walk.reads(`Signed in as ${username}`);
      counts('Get back in by mail', walk);
    });
  });

  test('the guide publishes no number that was not counted here', () => {
    expect([...done].toSorted()).toEqual([...PUBLISHED.keys()].toSorted());
  });
});
