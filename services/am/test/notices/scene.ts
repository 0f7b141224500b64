import type { Answer, Browser } from '@chatelaine/test-kit';
import { type MailServer, type Received, startMailServer } from '@chatelaine/test-kit/mail-server';
import { type PushService, startPushService } from '../support/push-service.ts';
import { type Owner, type Story, TestDeployment } from '../support/deployment.ts';

export const FROM = 'Chatelaine <no-reply@am.example>';
export const PAGE = '/account/notifications';
export const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'ask' } as const;

const PUSH_SERVICES = ['https://fcm.googleapis.com', 'https://*.push.apple.com'];

// one deployment for all of these tests; every top-level await of this folder is here
export const mail: MailServer = await startMailServer();
export const pushService: PushService = await startPushService();
export const deployment: TestDeployment = await TestDeployment.build({
  reachable: [pushService.origin],
  config: {
    mail: { url: mail.url, from: FROM },
    // a notice goes out as soon as the job that looks for due ones runs
    notices: { everySeconds: 1, unreachableSeconds: 900, pushServices: [pushService.origin, ...PUSH_SERVICES] },
    keysReadEverySeconds: 1,
  },
});

export const choose = (browser: Browser, fields: Readonly<Record<string, string>>): Promise<Answer> =>
  browser.submit(PAGE, PAGE, { way: 'mail', ...fields });

let people = 0;
export const addressOf = (owner: Owner): string => `${owner.username}@people.example`;

/** An owner with a confirmed address, and an app that has to ask them. */
export async function somebody(): Promise<Story> {
  const story = await deployment.story(ANSWERS, { name: `Reader ${++people}` });
  await deployment.rows('update account set email = $2 where id = $1', [story.owner.id, addressOf(story.owner)]);
  return story;
}

export const ask = ({ requester, connection }: Story, scope = 'photos.read', purpose?: string): Promise<Answer> =>
  requester.transfer({
    connection,
    resource: deployment.host.resource,
    scope,
    ...(purpose !== undefined && { params: { purpose } }),
  });

/** An owner to whom nothing happens, for tests of refusals that do not depend on the owner. */
export const idle: Story = await somebody();

export const mailsTo = (owner: Owner): Received[] => mail.mails.filter(({ to }) => to.includes(addressOf(owner)));
/** The notices that are due for this owner and have not been sent. */
export const due = async (owner: Owner): Promise<string[]> =>
  (
    await deployment.rows<{ kind: string }>('select kind from notice where owner_id = $1 and due_at is not null', [
      owner.id,
    ])
  ).map(({ kind }) => kind);
/** Moves the times of this owner's notices, both due and sent, into the past by `time`. */
export const later = (owner: Owner, time: string) =>
  deployment.rows(
    `update notice set sent_at = sent_at - $2::interval, due_at = due_at - $2::interval where owner_id = $1`,
    [owner.id, time],
  );
