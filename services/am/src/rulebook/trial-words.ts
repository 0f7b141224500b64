import type { Rule } from '../rules/rule.ts';
import { limitWords } from '../rules/words.ts';
import type { Decision } from '../transfer/decide.ts';
import type { Trial } from './try-it.ts';

export interface TrialWords {
  readonly kind: 'good' | 'needs' | 'bad';
  /** What would happen. */
  readonly what: string;
  /** Why. */
  readonly why: string;
  /** The rule that decides; null if none does. */
  readonly rule: Rule | null;
}

interface Names {
  readonly app: string;
  readonly service: string;
  /** Whether the account's link is broken. */
  readonly isBroken: boolean;
}

/** The result of a trial, in words for its owner. */
export function trialWords(trial: Trial, names: Names): TrialWords {
  const { decision, connection } = trial;
  const [rule = null] = 'verdicts' in decision ? decision.verdicts.map((verdict) => verdict.rule) : [];
  switch (decision.kind) {
    case 'allow':
      return { kind: 'good', what: `${names.app} would get a key.`, why: whyAllowed(decision), rule };
    case 'ask': {
      const what =
        connection.resource === null
          ? 'You would be asked.'
          : `${names.app} would get nothing, and bring you here to be allowed anew.`;
      return { kind: 'needs', what, why: whyAsked(rule), rule };
    }
    default:
      return { kind: 'bad', what: `${names.app} would be refused.`, why: whyRefused(decision, names), rule };
  }
}

const whyAllowed = ({ askId }: Extract<Decision, { kind: 'allow' }>): string =>
  askId === null ? 'You allow it without being asked.' : 'You have just said yes to this, for one key.';

function whyAsked(rule: Rule | null): string {
  if (rule === null) return 'No answer of yours holds for this, so you are asked.';
  return rule.effect === 'allow' && rule.limit !== null
    ? `You allow it ${limitWords(rule.limit)}, and it has been that often.`
    : 'You want to be asked each time.';
}

function whyRefused(decision: Exclude<Decision, { kind: 'allow' | 'ask' }>, { app, service, isBroken }: Names): string {
  switch (decision.kind) {
    case 'deny':
      return 'You never allow it.';
    case 'paused':
      return `You have paused ${app}.`;
    case 'terms_required':
      return `${app} has not answered the terms that you offered it.`;
    case 'no_terms':
      return decision.reason === 'declined'
        ? `${app} declined your terms.`
        : `You deal only with apps that sign, and ${app} has signed nothing.`;
    case 'bad_scope':
      return `You have not let ${app} ask for it.`;
    case 'bad_target':
      return isBroken ? `The link to ${service} is broken.` : `You do not show ${app} this account.`;
    case 'host_behind':
      return `${service} has yet to confirm that earlier keys of ${app} have ended.`;
    case 'key_needed':
      return `${app} would have to show a key of its own.`;
    case 'bad_token':
      return `The connection of ${app} has ended.`;
  }
}
