import { addHost, connectRequester, type Constellation, type Person, signUp } from '@chatelaine/constellation';
import type { MailServer } from '@chatelaine/test-kit/mail-server';
import { openRawRequester, RAW_CALLBACK } from '../support/raw-requester.ts';

/** Requests a token as the agent: `a key` when it gets one, otherwise the OAuth error. */
export type Agent = (wanted: { readonly at: 'calendar' | 'notes'; readonly scope: string }) => Promise<string>;

/** An owner with two services, Lifestream and an agent, and a history. */
export interface Somebody {
  readonly person: Person;
  readonly agent: Agent;
  /** One of their recovery codes. */
  readonly code: string;
  readonly address: string;
}

const AGO = `interval '5 days'`;

/**
 * Lifestream read their calendar some days ago, and may never read their notes, which was a mistake. The agent,
 * Errands, asked to read their calendar, and waits for the answer.
 */
export async function furnish(
  deployment: Constellation,
  { username, mail }: { username: string; mail: MailServer },
): Promise<Somebody> {
  const { am, hosts, requester } = deployment;
  const person = deployment.person({ username, stopsAt: [RAW_CALLBACK] });
  for (const { url } of [am, ...hosts, requester]) await signUp(person, url);
  for (const host of hosts) await addHost(person, { am, host });
  await connectRequester(person, {
    am,
    requester,
    answers({ host, scope }) {
      if (scope !== 'entries.read') return 'no';
      return host.startsWith('Notes') ? 'ask' : 'allow';
    },
  });
  await person.visit(requester.url);
  await deployment.database.query(
    'am',
    `update transfer set started_at = started_at - ${AGO}, closed_at = closed_at - ${AGO}
     where owner_id = (select id from account where username = $1)`,
    [username],
  );
  await person.visit(`${am.url}/asks`);
  await person.follow(/^Decide/);
  await person.press('Never');
  const agent = await agentOf(deployment, person);
  await agent({ at: 'calendar', scope: 'entries.read' });
  return { person, agent, code: await recoveryCode(person, am), address: await confirmAddress(person, { am, mail }) };
}

async function agentOf(deployment: Constellation, person: Person): Promise<Agent> {
  const raw = await openRawRequester(deployment, 'Errands');
  const { accessToken } = await raw.connect(person, ({ scope }) => (scope === 'entries.read' ? 'ask' : 'no'));
  return async ({ at, scope }) => {
    const { body } = await raw.exchange(accessToken, { resource: deployment.host(at).resource, scope });
    return typeof body['access_token'] === 'string' ? 'a key' : String(body['error']);
  };
}

async function recoveryCode(person: Person, { url }: { url: string }): Promise<string> {
  await person.visit(`${url}/account/recovery`);
  const { text } = await person.press('Make recovery codes');
  const [code] = /\b\w{4}(-\w{4}){3}\b/.exec(text) ?? [];
  if (code === undefined) throw new Error(`There is no recovery code in: ${text}`);
  return code;
}

async function confirmAddress(
  person: Person,
  { am, mail }: { am: { readonly url: string }; mail: MailServer },
): Promise<string> {
  const address = `${person.username}@people.example`;
  await person.visit(`${am.url}/account/email`);
  await person.press('Send the mail that confirms it', { email: address });
  await person.visit(await linkInMail(mail, { to: address, about: 'Confirm' }));
  await person.press('Confirm');
  return address;
}

/** The link in the mail to this address with this subject. */
export async function linkInMail(mail: MailServer, { to, about }: { to: string; about: string }): Promise<string> {
  const { text } = await mail.one((one) => one.to.includes(to) && one.header['subject']?.startsWith(about) === true);
  const [address] = /http\S+token=\S+/.exec(text) ?? [];
  if (address === undefined) throw new Error(`There is no link in: ${text}`);
  return address;
}
