import { ruleHref } from '../rules/rule-href.ts';
import type { RuleLimit } from '../rules/rule.ts';
import { limitWords } from '../rules/words.ts';
import { hostNameOf } from './asked-store.ts';
import type { Explained } from './why-store.ts';

/** Why a request ended as it did, and what the owner can do about it. */
export interface Reason {
  readonly sentence: string;
  readonly remedy: Remedy | null;
}

export type Remedy =
  /** A button on the link's page. */
  | { readonly kind: 'repair' | 'test'; readonly linkId: string }
  | { readonly kind: 'page'; readonly href: string; readonly words: string }
  /** A page of the service itself. */
  | { readonly kind: 'there'; readonly href: string; readonly words: string };

/** Why a token was or was not issued. */
export function reasonOf(explained: Explained): Reason {
  const { asked, answeredAt } = explained;
  const names: Names = { app: asked.clientName, service: hostNameOf(asked), resource: asked.resource };
  const usedUp = asked.error === 'asked' ? usedUpOf(explained) : null;
  if (usedUp !== null)
    return {
      sentence: `You allow it ${limitWords(usedUp)}, and it had been that often: so you are asked.`,
      remedy: remedyOf('rule', explained),
    };
  if (asked.error === 'asked' && explained.rules.length === 0)
    return {
      sentence: 'No yes of yours holds for this, so you are asked each time.',
      remedy: remedyOf('asks', explained),
    };
  const given = ERRORS[asked.error ?? ''];
  if (given !== undefined) return { sentence: given.sentence(names), remedy: remedyOf(given.remedy, explained) };
  const { service } = names;
  switch (asked.state) {
    case 'minted': {
      const yes = answeredAt === null ? 'You allow it without being asked' : 'You said yes to its question';
      return { sentence: `${yes}, and ${service} agreed.`, remedy: remedyOf('app', explained) };
    }
    case 'withheld':
      return { sentence: STOPPED(names), remedy: null };
    case 'intent':
      return { sentence: `${service} has been asked and has not answered yet, as far as is known here.`, remedy: null };
    case 'refused':
    case 'failed':
      return {
        sentence:
          `${service} gave an answer that is not what was asked for, ` +
          'so nothing of it was handed on. Whatever key it made was ended there.',
        remedy: remedyOf('test', explained),
      };
  }
}

/** The limit of the rule that has been used up; null if that was not why the owner was asked. */
function usedUpOf({ rules }: Explained): Pick<RuleLimit, 'most' | 'per'> | null {
  if (rules.length === 0 || rules.some(({ effect }) => effect !== 'allow')) return null;
  return rules.find(({ limit }) => limit !== null)?.limit ?? null;
}

interface Names {
  readonly app: string;
  readonly service: string;
  readonly resource: string;
}
type Wanted = 'app' | 'rule' | 'add' | 'asks' | 'ends' | 'repair' | 'test' | 'there' | null;
type Given = { readonly sentence: (names: Names) => string; readonly remedy: Wanted };

const STOPPED = ({ service }: Names): string =>
  `It, or the account at ${service}, was stopped while the key was under way. Nothing was handed out after the stop.`;

/** Refusals before the service was asked. */
const HERE: Readonly<Record<string, Given>> = {
  rule: { sentence: ({ app }) => `You never allow it: your answer for ${app} and this is “never”.`, remedy: 'app' },
  paused: {
    sentence: ({ app }) => `You had paused ${app}, or did while it waited. Nothing was handed out.`,
    remedy: 'app',
  },
  asked: { sentence: () => 'You want to be asked each time, and had not said yes to this.', remedy: 'asks' },
  allowed_part: {
    sentence: ({ app }) => `You said yes to a part of this only. ${app} may ask for that part by itself.`,
    remedy: 'app',
  },
  too_many_questions: {
    sentence: ({ app }) => `Too many questions of ${app} wait for your answer, so it may not ask another one.`,
    remedy: 'asks',
  },
  terms_open: { sentence: ({ app }) => `${app} has not answered the terms that you offered it.`, remedy: 'app' },
  terms_refused: {
    sentence: ({ app }) => `${app} declined your terms, or has none while you deal only with apps that sign.`,
    remedy: 'app',
  },
  not_chosen: { sentence: ({ app }) => `It is more than you let ${app} ask for.`, remedy: 'add' },
  beyond_ceiling: {
    sentence: ({ service }) => `It is more than you let ${service} share through here at all.`,
    remedy: 'repair',
  },
  not_shown: {
    sentence: ({ app, resource }) =>
      `You show ${app} no service that has ${resource}. It learns nothing about whether you have one.`,
    remedy: 'add',
  },
  host_behind: {
    sentence: ({ service }) =>
      `${service} has yet to confirm that earlier keys of this app have ended. Until then it is not asked for more.`,
    remedy: 'ends',
  },
};

const ERRORS: Readonly<Record<string, Given>> = {
  ...HERE,
  denied: {
    sentence: ({ service }) =>
      `You allow it here, and ${service} itself said no: by its own rules, or by what you decided there.`,
    remedy: 'there',
  },
  bad_scope: {
    sentence: ({ service }) =>
      `${service} shares less through here than was asked for: what you set there is the most that anybody gets.`,
    remedy: 'repair',
  },
  bad_target: {
    sentence: ({ service, resource }) => `${service} does not know ${resource}, which the app asked for.`,
    remedy: null,
  },
  broken: {
    sentence: ({ service }) => `${service} no longer honours the link: somebody ended it there.`,
    remedy: 'repair',
  },
  stopped: { sentence: STOPPED, remedy: null },
  gone: { sentence: ({ app }) => `${app} did not wait for the answer. Nothing was handed out.`, remedy: null },
  late: { sentence: () => 'This server was too slow to hand the key out in time, so nobody got it.', remedy: null },
  terms: { sentence: ({ app }) => `You offered ${app} other terms while the key was under way.`, remedy: 'app' },
  timeout: { sentence: ({ service }) => `${service} did not answer in time.`, remedy: 'test' },
  busy: {
    sentence: ({ service }) => `${service} had too much to do, or was not asked because it had failed often.`,
    remedy: 'test',
  },
  unreachable: { sentence: ({ service }) => `${service} could not be reached.`, remedy: 'test' },
  unopened: {
    sentence: () => 'What is kept of this link here could not be read: a fault of this server.',
    remedy: null,
  },
  internal: { sentence: () => 'Something went wrong on this server.', remedy: null },
  lost: { sentence: () => 'This server stopped before it knew the answer. Nothing was handed out.', remedy: null },
};

/** What the owner can do about it, if it can still be done. */
function remedyOf(wanted: Wanted, { asked, isConnected, linkState, hostIssuer }: Explained): Remedy | null {
  const { connectionId, clientName, link } = asked;
  const page = (href: string, words: string): Remedy => ({ kind: 'page', href, words });
  switch (wanted) {
    case 'app':
      return isConnected ? page(`/apps/${connectionId}`, `What ${clientName} may do`) : null;
    case 'rule': {
      const [scope] = asked.scopes;
      if (!isConnected || link === null || scope === undefined) return null;
      return page(ruleHref({ appId: connectionId, linkId: link.id, scope }), 'Change how often');
    }
    case 'add':
      return isConnected ? page(`/apps/${connectionId}/add`, `Let ${clientName} ask for more`) : null;
    case 'asks':
      return isConnected ? page('/asks', 'What waits for your answer') : null;
    case 'ends':
      return page('/ends', 'See how it stands');
    case 'repair':
      return link === null || linkState === 'ended' ? null : { kind: 'repair', linkId: link.id };
    case 'test':
      return link === null || linkState !== 'active' ? null : { kind: 'test', linkId: link.id };
    case 'there':
      return hostIssuer === null ? null : { kind: 'there', href: hostIssuer, words: `Look at ${hostNameOf(asked)}` };
    case null:
      return null;
  }
}
