import { sha256base64url } from '@chatelaine/crypto';
import type { FormParams } from '@chatelaine/protocol';
import type { Effect, RuleLimit } from '../rules/rule.ts';
import type { AppScope, OwnApp } from './app-store.ts';

/** The owner's new answer for one scope at one account. */
export interface ChangedRule {
  readonly linkId: string;
  readonly scope: string;
  readonly effect: Effect;
  /** When it ends; null: with the connection. */
  readonly until: Date | null;
  /** How often it allows; null: without limit. */
  readonly limit: Pick<RuleLimit, 'most' | 'per'> | null;
}

export type ReadRules =
  | { readonly kind: 'rules'; readonly changed: readonly ChangedRule[] }
  /**
   * The form belongs to a page that showed something else, or names an account, scope or answer that does not exist.
   */
  | { readonly kind: 'stale' };

export const EFFECTS: readonly Effect[] = ['allow', 'ask', 'deny'];
/** How the answers are called on pages. */
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
 * A digest of the answers that a page shows. A form contains all of them, so it is valid only while they are what its
 * page showed.
 */
export function shownOf({ accounts }: Pick<OwnApp, 'accounts'>): string {
  const answers = accounts.flatMap(({ linkId, scopes }) =>
    scopes.map(({ scope, verdicts }) => [linkId, scope, verdicts.map(versionOf)] as const),
  );
  return sha256base64url(JSON.stringify(answers));
}

const versionOf = ({ connectionId, effect, rule }: AppScope['verdicts'][number]) => [connectionId, effect, rule?.id];

/** Reads the form against what the app is shown now: nothing else can be allowed here. */
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
