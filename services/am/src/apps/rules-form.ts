import { sha256base64url } from '@chatelaine/crypto';
import type { FormParams } from '@chatelaine/protocol';
import type { Effect, RuleLimit } from '../rules/rule.ts';
import type { AppScope, OwnApp } from './app-store.ts';

/** What the owner decides anew about one scope at one account. */
export interface ChangedRule {
  readonly linkId: string;
  readonly scope: string;
  readonly effect: Effect;
  /** Until when; null: as long as it is connected. */
  readonly until: Date | null;
  /** How often it is allowed; null: as often as it is asked. */
  readonly limit: Pick<RuleLimit, 'most' | 'per'> | null;
}

export type ReadRules =
  | { readonly kind: 'rules'; readonly changed: readonly ChangedRule[] }
  /**
   * It was filled in on a page that showed something else than there is now, or names what the app is not shown, or an
   * answer there is not.
   */
  | { readonly kind: 'stale' };

export const EFFECTS: readonly Effect[] = ['allow', 'ask', 'deny'];
/** What they are called to their owner. */
export const ANSWERS = [
  { value: 'allow', label: 'Allow' },
  { value: 'ask', label: 'Ask me each time' },
  { value: 'deny', label: 'Never' },
] as const;
const PREFIX = 'rule:';
/** The field that carries {@link shownOf}. */
export const SHOWN_FIELD = 'shown';

export function ruleField(linkId: string, scope: string): string {
  return `${PREFIX}${linkId}:${scope}`;
}

/**
 * A digest of the answers that a page shows: a form speaks of all of them, so it is good only for what it was filled in
 * on.
 */
export function shownOf({ accounts }: Pick<OwnApp, 'accounts'>): string {
  const answers = accounts.flatMap(({ linkId, scopes }) =>
    scopes.map(({ scope, verdicts }) => [linkId, scope, verdicts.map(versionOf)] as const),
  );
  return sha256base64url(JSON.stringify(answers));
}

const versionOf = ({ connectionId, effect, rule }: AppScope['verdicts'][number]) => [connectionId, effect, rule?.id];

/** Reads the form against what the app is shown now: nothing beyond it can be allowed here. */
export function readRulesForm(app: OwnApp, form: FormParams): ReadRules {
  if (form.get(SHOWN_FIELD) !== shownOf(app)) return { kind: 'stale' };
  const known = new Map(
    app.accounts.flatMap(({ linkId, scopes }) =>
      scopes.map(({ scope, effect }) => [ruleField(linkId, scope), { linkId, scope, effect }] as const),
    ),
  );
  const changed: ChangedRule[] = [];
  for (const [field, value] of form) {
    if (!field.startsWith(PREFIX)) continue;
    const before = known.get(field);
    const effect = EFFECTS.find((one) => one === value);
    if (before === undefined || effect === undefined) return { kind: 'stale' };
    if (effect !== before.effect)
      changed.push({ linkId: before.linkId, scope: before.scope, effect, until: null, limit: null });
  }
  return { kind: 'rules', changed };
}
