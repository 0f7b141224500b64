import type { BoardApp } from '../apps/board-store.ts';
import type { AppUse } from './uses-store.ts';

/** Something about an app that its owner may not know yet. */
export interface News {
  readonly kind: 'first use' | 'first refusal' | 'expires' | 'unused';
  readonly app: Pick<BoardApp, 'id' | 'clientId' | 'clientName'>;
  /** When it happened; for `unused`, when the app was last used or connected. */
  readonly at: Date;
}

const DAY_MS = 86_400_000;
const NEW_DAYS = 7;
const SOON_DAYS = 3;
/** After this many days without a request, the owner may have forgotten the app. */
export const UNUSED_DAYS = 90;
/** How many news are shown at once. */
const MOST = 12;

/** What is new about apps, the most urgent first. `now` in epoch milliseconds. */
export function newsOf(
  apps: readonly BoardApp[],
  uses: ReadonlyMap<string, AppUse>,
  { now, keptDays }: { now: number; keptDays: number },
): readonly News[] {
  const ago = (days: number): number => now - days * DAY_MS;
  const news = apps.flatMap(({ id, clientId, clientName, since, until }): News[] => {
    const app = { id, clientId, clientName };
    const { first = null, last = null, refused = null } = uses.get(clientId) ?? {};
    const news: News[] = [];
    if (until !== null && until.getTime() < now + SOON_DAYS * DAY_MS) news.push({ kind: 'expires', app, at: until });
    if (refused !== null && refused.getTime() > ago(NEW_DAYS)) news.push({ kind: 'first refusal', app, at: refused });
    if (first !== null && first.getTime() > ago(NEW_DAYS)) news.push({ kind: 'first use', app, at: first });
    // what is kept for a shorter time does not show whether the app was used before
    const idleSince = Math.max(since.getTime(), last?.getTime() ?? 0);
    if (keptDays >= UNUSED_DAYS && idleSince < ago(UNUSED_DAYS))
      news.push({ kind: 'unused', app, at: new Date(idleSince) });
    return news;
  });
  const order: readonly News['kind'][] = ['expires', 'first refusal', 'first use', 'unused'];
  const byKind = (one: News, other: News): number => order.indexOf(one.kind) - order.indexOf(other.kind);
  return news.toSorted((a, b) => byKind(a, b) || b.at.getTime() - a.at.getTime()).slice(0, MOST);
}
