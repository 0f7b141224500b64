import type { FormParams } from '@chatelaine/protocol';
import type { RuleLimit } from '../rules/rule.ts';
import type { OwnApp, AppAccount, AppScope } from './app-store.ts';
import { type ChangedRule, EFFECTS, SHOWN_FIELD, shownOf } from './rules-form.ts';

/** One answer, on a page of its own. */
export interface OwnRule {
  readonly account: AppAccount;
  readonly scope: AppScope;
  /** When it ends, if that is before the app's connection does. */
  readonly until: Date | null;
  /** How often it allows, and how often it still will; null: without limit. */
  readonly limit: RuleLimit | null;
}

/** The answer for one scope at one account; null if the app may not ask for that. */
export function ruleOf(app: OwnApp, query: FormParams): OwnRule | null {
  const account = app.accounts.find(({ linkId }) => linkId === query.get('link'));
  const scope = account?.scopes.find((one) => one.scope === query.get('scope'));
  return account === undefined || scope === undefined ? null : { account, scope, ...boundsOf(app, scope) };
}

/** How an answer is limited, if that is the same for all connections. */
export function boundsOf({ connections }: OwnApp, { effect, verdicts }: AppScope): Pick<OwnRule, 'until' | 'limit'> {
  const [first] = verdicts;
  const connection = connections.find(({ id }) => id === first?.connectionId);
  const rule = first?.rule ?? null;
  if (effect === null || rule === null || connection === undefined) return { until: null, limit: null };
  const { until, limit } = rule;
  const ownUntil = until === null || until * 1000 >= (connection.until?.getTime() ?? Infinity) ? null : until;
  return { until: ownUntil === null ? null : new Date(ownUntil * 1000), limit };
}

export const TIME = { field: 'for', number: 'number', unit: 'unit' } as const;
export const OFTEN = { most: 'most', per: 'per' } as const;

const HOUR = 3_600;
const DAY = 24 * HOUR;
export const LENGTHS = [
  { value: 'open', label: 'Until I change it', seconds: null },
  { value: 'hour', label: '1 hour', seconds: HOUR },
  { value: 'day', label: '24 hours', seconds: DAY },
  { value: 'month', label: '30 days', seconds: 30 * DAY },
] as const;
/** Leaves the time as it is. */
export const AS_IT_IS = 'keep';
/** A number of a unit. */
export const OTHER = 'other';
export const UNITS = [
  { value: 'minutes', label: 'minutes', seconds: 60 },
  { value: 'hours', label: 'hours', seconds: HOUR },
  { value: 'days', label: 'days', seconds: DAY },
  { value: 'years', label: 'years', seconds: 365 * DAY },
] as const;
const LONGEST_SECONDS = 10 * 365 * DAY;
const MOST_TIMES = 1_000_000;

export const PERIODS = [
  { value: 'day', label: 'a day' },
  { value: 'all', label: 'in all' },
] as const;

export type ReadRule =
  | { readonly kind: 'rule'; readonly changed: ChangedRule | null }
  /** The form belongs to a page that showed something else, or has a field that no page has. */
  | { readonly kind: 'stale' }
  /** `at`: the field with the problem. */
  | { readonly kind: 'again'; readonly problem: string; readonly at: string };

/** Reads the form for one answer. `now` is in epoch seconds; `changed` is null if nothing changes. */
export function readRuleForm(app: OwnApp, rule: OwnRule, form: FormParams, now: number): ReadRule {
  const effect = EFFECTS.find((one) => one === form.get('effect'));
  if (effect === undefined || form.get(SHOWN_FIELD) !== shownOf(app)) return { kind: 'stale' };
  const until = readUntil(rule, form, now);
  if (until.kind !== 'until') return until;
  const limit = readLimit(form);
  if (limit.kind !== 'limit') return limit;
  if (limit.limit !== null && effect !== 'allow')
    return {
      kind: 'again',
      at: OFTEN.most,
      problem: 'Only what you allow can be limited to so many times. Choose “Allow”, or leave this empty.',
    };
  const { account, scope } = rule;
  const changed = { linkId: account.linkId, scope: scope.scope, effect, until: until.until, limit: limit.limit };
  return { kind: 'rule', changed: isAsItWas(rule, changed) ? null : changed };
}

function isAsItWas({ scope, until, limit }: OwnRule, changed: ChangedRule): boolean {
  const isSameLimit = limit?.most === changed.limit?.most && limit?.per === changed.limit?.per;
  return scope.effect === changed.effect && until?.getTime() === changed.until?.getTime() && isSameLimit;
}

type Again = Exclude<ReadRule, { kind: 'rule' }>;

function readUntil(
  { until }: OwnRule,
  form: FormParams,
  now: number,
): Again | { readonly kind: 'until'; readonly until: Date | null } {
  const chosen = form.get(TIME.field);
  if (chosen === AS_IT_IS && until !== null) return { kind: 'until', until };
  const after = (seconds: number) => ({ kind: 'until', until: new Date((now + seconds) * 1000) }) as const;
  if (chosen !== OTHER) {
    const length = LENGTHS.find(({ value }) => value === chosen);
    if (length === undefined) return { kind: 'again', at: TIME.field, problem: 'Choose for how long.' };
    return length.seconds === null ? { kind: 'until', until: null } : after(length.seconds);
  }
  const unit = UNITS.find(({ value }) => value === form.get(TIME.unit));
  const number = wholeNumber(form.get(TIME.number));
  const seconds = unit === undefined || number === null ? null : number * unit.seconds;
  if (seconds === null || seconds > LONGEST_SECONDS)
    return { kind: 'again', at: TIME.number, problem: 'Say for how long: a whole number, 10 years at most.' };
  return after(seconds);
}

function readLimit(
  form: FormParams,
): Again | { readonly kind: 'limit'; readonly limit: Pick<RuleLimit, 'most' | 'per'> | null } {
  const given = form.get(OFTEN.most)?.trim() ?? '';
  if (given === '') return { kind: 'limit', limit: null };
  const most = wholeNumber(given);
  const per = PERIODS.find(({ value }) => value === form.get(OFTEN.per))?.value;
  if (most === null || most > MOST_TIMES || per === undefined)
    return {
      kind: 'again',
      at: OFTEN.most,
      problem: `Say how often: a whole number, ${MOST_TIMES.toLocaleString('en')} at most, or nothing.`,
    };
  return { kind: 'limit', limit: { most, per } };
}

/** A whole number from 1; null for anything else. */
function wholeNumber(given: string | undefined): number | null {
  const read = given?.trim() ?? '';
  return /^[1-9][0-9]{0,8}$/.test(read) ? Number(read) : null;
}
