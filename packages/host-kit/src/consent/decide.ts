import { randomId } from '@chatelaine/crypto';
import type { Asked, ConsentDecision } from '@chatelaine/oauth-server-fastify';
import type { Clock, FormParams, ScopeSet } from '@chatelaine/protocol';
import { scopeField } from './view.ts';

/** Reads the owner's answer: the ceiling is the part of the requested scopes that is still ticked. PROTOCOL §2.2. */
export function decideLink(
  clock: Clock,
  { asked, offered, form }: { asked: Asked; offered: ScopeSet; form: FormParams },
): ConsentDecision {
  switch (form.get('decision')) {
    case 'deny':
      return { kind: 'deny' };
    case 'allow':
      break;
    default:
      return { kind: 'again', problem: 'Choose one of the two buttons.' };
  }
  const { request } = asked.interaction;
  const ceiling = offered.filter((scope) => form.has(scopeField(scope)));
  if (ceiling.length === 0) return { kind: 'again', problem: 'Tick at least one permission, or refuse.' };
  const until = readUntil(clock, form.get('until') ?? '');
  if (until.kind === 'wrong') return { kind: 'again', problem: until.problem };
  return {
    kind: 'allow',
    grantId: randomId('lnk'),
    scope: request.scope,
    transferScope: ceiling,
    expiresAt: until.expiresAt,
  };
}

type Until =
  | { readonly kind: 'until'; readonly expiresAt: number | null }
  | { readonly kind: 'wrong'; readonly problem: string };

const TEN_YEARS_SECONDS = 10 * 366 * 86_400;

/** The end (UTC) of a day as the date field sends it; empty: until it is ended. */
function readUntil(clock: Clock, text: string): Until {
  if (text === '') return { kind: 'until', expiresAt: null };
  const start = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) / 1000 : Number.NaN;
  // Date.parse reads 31 February as 3 March
  const exists = Number.isFinite(start) && new Date(start * 1000).toISOString().startsWith(text);
  const end = start + 86_400;
  const now = clock.now();
  if (!exists || end <= now || end > now + TEN_YEARS_SECONDS)
    return { kind: 'wrong', problem: 'The end must be a day from today on.' };
  return { kind: 'until', expiresAt: end };
}
