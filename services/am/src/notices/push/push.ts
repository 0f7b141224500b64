import type { PushKeys } from '@chatelaine/keys';
import { OutboundError } from '@chatelaine/outbound-http';
import webPush from 'web-push';
import type { Deps } from '../../deps.ts';
import type { NoticeKind } from '../notice.ts';
import { isPushService } from './is-push-service.ts';
import { dropSubscription, type Subscribed, subscriptionsOf } from './subscription-store.ts';

export type PushDeps = Pick<Deps, 'config' | 'pool' | 'outbound' | 'log'> & {
  readonly pushKeys: PushKeys;
  readonly liveSessions: (sessions: readonly Buffer[]) => Promise<ReadonlySet<string>>;
};

/**
 * How long, in seconds, a push service keeps a message that it cannot deliver; a question is not worth more (RFC 8030
 * §5.2).
 */
const TTL_SECONDS = 6 * 3_600;
/** RFC 8030 §7.3: the subscription no longer exists. */
const GONE = new Set([404, 410]);
const MOST_ANSWER_BYTES = 16_384;

/**
 * Notifies an owner in each browser in which they turned this on, as long as the browser's session lives. The message
 * is encrypted for the browser (RFC 8291), and says only which kind of notice it is.
 */
export async function push(
  deps: PushDeps,
  { ownerId, kind }: { ownerId: string; kind: NoticeKind },
): Promise<'sent' | 'no_recipient' | 'failed'> {
  const all = await subscriptionsOf(deps, ownerId);
  const live = await deps.liveSessions(all.map(({ session }) => session));
  const { publicKey } = deps.pushKeys.current;
  const { pushServices } = deps.config.notices;
  const isGood = ({ session, pushKey, endpoint }: Subscribed): boolean =>
    live.has(session.toString('hex')) && pushKey === publicKey && isPushService(endpoint, pushServices);
  for (const { session } of all.filter((one) => !isGood(one))) await dropSubscription(deps, session);
  const outcomes = await Promise.all(all.filter(isGood).map((one) => sendToBrowser(deps, one, kind)));
  if (outcomes.includes('failed')) return 'failed';
  return outcomes.includes('sent') ? 'sent' : 'no_recipient';
}

async function sendToBrowser(
  deps: PushDeps,
  subscribed: Subscribed,
  kind: NoticeKind,
): Promise<'sent' | 'gone' | 'failed'> {
  const status = await send(deps, subscribed, kind);
  if (status !== null && status >= 200 && status < 300) return 'sent';
  if (status !== null && GONE.has(status)) {
    await dropSubscription(deps, subscribed.session);
    return 'gone';
  }
  deps.log.warn(
    { event: 'push_failed', origin: new URL(subscribed.endpoint).origin, status },
    'a push service did not accept a message',
  );
  return 'failed';
}

/** Sends one message. Returns the status of the push service's answer; null if there was none. */
async function send(
  { config, outbound, pushKeys }: PushDeps,
  subscribed: Subscribed,
  kind: NoticeKind,
): Promise<number | null> {
  const { endpoint, p256dh, auth } = subscribed;
  const request = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, JSON.stringify({ kind }), {
    // RFC 8292 §2.1: the subject is an https URL, even if a demo's issuer is not
    vapidDetails: { subject: config.issuer.replace(/^http:/, 'https:'), ...pushKeys.current },
    TTL: TTL_SECONDS,
    topic: kind,
    contentEncoding: 'aes128gcm',
  });
  try {
    const { status } = await outbound.fetch(endpoint, {
      method: 'POST',
      headers: request.headers as Record<string, string>,
      body: request.body as BodyInit,
      maxBytes: MOST_ANSWER_BYTES,
    });
    return status;
  } catch (error) {
    if (error instanceof OutboundError) return null;
    throw error;
  }
}
