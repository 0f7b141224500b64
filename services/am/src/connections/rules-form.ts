import type { FormParams } from '@chatelaine/protocol';
import type { Effect } from '../rules/rule.ts';
import type { OwnConnection } from './live-store.ts';

/** What the owner decides anew about one scope at one account. */
export interface ChangedRule {
  readonly linkId: string;
  readonly scope: string;
  readonly effect: Effect;
}

export type ReadRules =
  | { readonly kind: 'rules'; readonly changed: readonly ChangedRule[] }
  /** The form names something this connection is not shown (any more), or an answer there is not. */
  | { readonly kind: 'stale' };

const EFFECTS: readonly Effect[] = ['allow', 'ask', 'deny'];
const PREFIX = 'rule:';

export function ruleField(linkId: string, scope: string): string {
  return `${PREFIX}${linkId}:${scope}`;
}

/** Reads the form against what the connection is shown now: nothing beyond it can be allowed here. */
export function readRulesForm(connection: OwnConnection, form: FormParams): ReadRules {
  const known = new Map(
    connection.hosts.flatMap(({ linkId, scopes }) =>
      scopes.map(({ scope, effect }) => [ruleField(linkId, scope), { linkId, scope, effect }] as const),
    ),
  );
  const changed: ChangedRule[] = [];
  for (const [field, value] of form) {
    if (!field.startsWith(PREFIX)) continue;
    const before = known.get(field);
    const effect = EFFECTS.find((one) => one === value);
    if (before === undefined || effect === undefined) return { kind: 'stale' };
    if (effect !== before.effect) changed.push({ linkId: before.linkId, scope: before.scope, effect });
  }
  return { kind: 'rules', changed };
}
