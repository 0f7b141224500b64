import type { CallOutcome, ConnectionFailure } from '@chatelaine/requester-kit';

/** Why something did not work, in a sentence, and where the owner can do something about it. */
export interface Trouble {
  /** `needs`: the owner should do something; `denied`: the owner or a policy decided so; `bad`: something is broken. */
  readonly kind: 'needs' | 'denied' | 'bad';
  readonly sentence: string;
  readonly next?: { readonly href: string; readonly label: string };
}

const AM = 'Your authorization manager';
const RECONNECT: Trouble = {
  kind: 'needs',
  sentence: 'The connection to your authorization manager has ended. Connect again.',
  next: { href: '/connect', label: 'Connect again' },
};

const PAUSED = {
  kind: 'needs',
  sentence: 'You have paused this app at your authorization manager. It goes on when you resume it there.',
} as const;

/** What was tried, on which the advice depends. */
export type Doing = 'read' | 'post';
const AGAIN = { read: 'Reload this page in a while.', post: 'Post it again in a while.' } as const;
const NOTHING = { read: 'Nothing was taken from it', post: 'Nothing was sent to a Host through it' } as const;

/** An AM that takes longer than a page waits. */
export const SLOW_AM = (doing: Doing): Trouble => ({
  kind: 'bad',
  sentence: `${AM} does not answer at the moment. ${AGAIN[doing]}`,
});

/** A Host that takes longer than a page waits. */
export const SLOW_HOST = (host: string, seconds: number): Trouble => ({
  kind: 'bad',
  sentence:
    `${host} has not answered within ${seconds === 1 ? 'a second' : `${seconds} seconds`}. ` +
    'Reload this page in a while.',
});

/** The time was up before an entry could be sent. */
export const NOT_SENT = (host: string): Trouble => ({
  kind: 'bad',
  sentence: `${host} could not be reached in time; nothing was sent to it. ${AGAIN.post}`,
});

/** An entry was sent, and it is unknown whether it arrived. */
export const PERHAPS_POSTED = (host: string): Trouble => ({
  kind: 'bad',
  sentence:
    `${host} did not say whether it took this. ` +
    'It may have kept the entry all the same: look there before you post it again.',
});

/** The parties that a sentence names. */
export interface Parties {
  /** The Host's name. */
  readonly host: string;
  /** The AM's issuer. */
  readonly am: string;
  readonly doing: Doing;
}

/** What the owner should know about a call without an answer from the Host. */
export function troubleOf(outcome: Exclude<CallOutcome, { kind: 'response' }>, parties: Parties): Trouble {
  const { host, am } = parties;
  const there = { href: am, label: `Open ${new URL(am).host}` };
  switch (outcome.kind) {
    case 'interaction_required':
    case 'deferred':
      return {
        kind: 'needs',
        sentence: `${host} waits for your decision at your authorization manager.`,
        next: outcome.interactionUri === null ? there : { href: outcome.interactionUri, label: 'Decide there' },
      };
    case 'access_denied':
      return outcome.paused === true ? { ...PAUSED, next: there } : deniedBy(outcome.by, parties);
    case 'terms_required':
      return {
        kind: 'denied',
        sentence:
          'You ask for terms that this app has not signed, so it gets no key. ' +
          'You can ask for others at your authorization manager.',
        next: there,
      };
    case 'invalid_target':
      return {
        kind: 'denied',
        sentence: `${AM} does not offer ${host} to this app any more. If you did not stop it, look there.`,
        next: there,
      };
    case 'invalid_scope':
      return {
        kind: 'denied',
        sentence:
          `This app may not ask ${host} for this: you did not choose it when you connected. ` +
          'To choose anew, connect again.',
        next: { href: '/connect', label: 'Connect again' },
      };
    case 'try_later':
    case 'unusable':
    case 'reconnect':
    case 'unknown_connection':
      return troubleOfConnection(outcome, parties);
  }
}

/** The same for failures of a whole connection. */
export function troubleOfConnection(outcome: ConnectionFailure, { host, doing }: Omit<Parties, 'am'>): Trouble {
  if (outcome.kind === 'reconnect' || outcome.kind === 'unknown_connection') return RECONNECT;
  const who = outcome.at === 'host' ? host : AM;
  const sentence =
    outcome.kind === 'try_later'
      ? `${who} does not answer at the moment. ${AGAIN[doing]}`
      : `${who} answered something this app does not understand. ` +
        `${NOTHING[doing]}; if it stays so, tell whoever runs it.`;
  return { kind: 'bad', sentence };
}

/** What the owner should know about a Host's own refusal. */
export function troubleOfStatus(status: number, { host, doing }: Omit<Parties, 'am'>): Trouble {
  if (status === 401 || status === 403)
    return {
      kind: 'denied',
      sentence:
        `${host} itself refused, although your authorization manager agreed. ` + `At ${host} you see who has access.`,
    };
  if (status === 429 || status >= 500)
    return { kind: 'bad', sentence: `${host} cannot answer at the moment. ${AGAIN[doing]}` };
  const sentence =
    doing === 'read'
      ? `${host} answered something this app does not understand. ` +
        `${NOTHING.read}; if it stays so, tell whoever runs it.`
      : `${host} did not take this entry. Its text may be too long for it, ` +
        'or not of the kind it keeps, or you keep as much there as you may.';
  return { kind: 'bad', sentence };
}

function deniedBy(by: 'am' | 'host' | 'unknown', { host, am }: Parties): Trouble {
  switch (by) {
    case 'am':
      return {
        kind: 'denied',
        sentence:
          `You do not allow this: a rule at your authorization manager says no for ${host}. ` +
          'You can change it there.',
        next: { href: am, label: `Open ${new URL(am).host}` },
      };
    case 'host':
      return {
        kind: 'denied',
        sentence: `${host} itself does not allow this. There you see what it lets your authorization manager hand out.`,
      };
    case 'unknown':
      return { kind: 'denied', sentence: `This is not allowed for ${host}.` };
  }
}
