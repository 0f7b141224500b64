import type { CallOutcome, ConnectionFailure } from '@chatelaine/requester-kit';

/** Why something did not work, in a sentence, and where the owner can do something about it. */
export interface Trouble {
  readonly sentence: string;
  readonly next?: { readonly href: string; readonly label: string };
}

const AM = 'Your authorization manager';
const RECONNECT: Trouble = {
  sentence: 'The connection to your authorization manager has ended. Connect again.',
  next: { href: '/connect', label: 'Connect again' },
};

/** What the owner should know about a call that gave no answer of the Host. */
export function troubleOf(outcome: Exclude<CallOutcome, { kind: 'response' }>, host: string): Trouble {
  switch (outcome.kind) {
    case 'interaction_required':
      return {
        sentence: `${host} waits for your decision at your authorization manager.`,
        next: { href: outcome.interactionUri, label: 'Decide there' },
      };
    case 'access_denied':
      return { sentence: deniedBy(outcome.by, host) };
    case 'invalid_target':
      return { sentence: `${AM} does not offer ${host} to this app any more.` };
    case 'invalid_scope':
      return { sentence: `This app may not ask ${host} for this: you did not choose it when you connected.` };
    case 'try_later':
    case 'unusable':
    case 'reconnect':
    case 'unknown_connection':
      return troubleOfConnection(outcome, host);
  }
}

/** The same for failures that are not about one request. */
export function troubleOfConnection(outcome: ConnectionFailure, host: string): Trouble {
  if (outcome.kind === 'reconnect' || outcome.kind === 'unknown_connection') return RECONNECT;
  const who = outcome.at === 'host' ? host : AM;
  return outcome.kind === 'try_later'
    ? { sentence: `${who} does not answer at the moment. Reload this page in a while.` }
    : { sentence: `${who} answered something this app does not understand.` };
}

/** What the owner should know about a Host's own refusal. */
export function troubleOfStatus(status: number, host: string): Trouble {
  if (status === 401 || status === 403)
    return { sentence: `${host} itself refused, although your authorization manager agreed.` };
  if (status === 429 || status >= 500)
    return { sentence: `${host} cannot answer at the moment. Reload this page in a while.` };
  return { sentence: `${host} answered something this app does not understand.` };
}

function deniedBy(by: 'am' | 'host' | 'unknown', host: string): string {
  switch (by) {
    case 'am':
      return `You do not allow this: a rule at your authorization manager says no for ${host}.`;
    case 'host':
      return `${host} itself does not allow this.`;
    case 'unknown':
      return `This is not allowed for ${host}.`;
  }
}
