import { ERROR_STATUS, OAuthError } from '@chatelaine/protocol';
import { defineQuery, runOne } from '@chatelaine/postgres';
import { type Metrics } from '@chatelaine/service-kit';
import type { Deps, HostGate, Observe } from './deps.ts';

const TRANSFER_OUTCOMES = ['minted', 'timeout', 'internal', ...Object.keys(ERROR_STATUS)];
const HOST_OUTCOMES = ['ok', 'oauth_error', 'timeout', 'unreachable', 'unusable', 'held', 'gone'];

const now = (): number => performance.now() / 1000;

/** Times every transfer, by how it came out: minted, or the error the Requester is told. */
export function observeTransfers(metrics: Metrics): Observe {
  const observe = metrics.duration({
    name: 'chatelaine_transfer_seconds',
    help: 'Transfers, from the decision to the answer of the Host, by outcome.',
    labels: { outcome: TRANSFER_OUTCOMES },
  });
  return {
    async transfer(make) {
      const began = now();
      try {
        const made = await make();
        observe({ outcome: 'minted' }, now() - began);
        return made;
      } catch (error) {
        observe({ outcome: outcomeOf(error) }, now() - began);
        throw error;
      }
    },
  };
}

function outcomeOf(error: unknown): string {
  if (!(error instanceof OAuthError)) return 'internal';
  return error.status === 504 ? 'timeout' : error.code;
}

/** Times every call of a Host, by what came of it: not by Host, of which anybody may add as many as they like. */
export function observeHostCalls(metrics: Metrics, gate: HostGate): HostGate {
  const observe = metrics.duration({
    name: 'chatelaine_host_call_seconds',
    help: "Calls of Hosts' token endpoints, waiting for a place included, by outcome.",
    labels: { outcome: HOST_OUTCOMES },
  });
  metrics.gauge({
    name: 'chatelaine_host_breakers',
    help: 'Hosts by how this process treats them: open is left alone for a while.',
    label: 'state',
    read: () => gate.states(),
  });
  return {
    ...gate,
    async call(...input) {
      const began = now();
      try {
        const answer = await gate.call(...input);
        observe({ outcome: answer.kind }, now() - began);
        return answer;
      } catch (error) {
        observe({ outcome: 'gone' }, now() - began);
        throw error;
      }
    },
  };
}

const BACKLOG = defineQuery<{ pending: number; oldest: number }>({
  name: 'metrics_revocation_backlog',
  text: `
    select count(*)::int as pending, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest
    from revocation where state = 'pending'`,
});

/** What Hosts have yet to be told of, read from the table that is the truth about it. */
export function observeRevocations(metrics: Metrics, { pool }: Pick<Deps, 'pool'>): void {
  const backlog = async () => (await runOne(pool, BACKLOG)) ?? { pending: 0, oldest: 0 };
  metrics.gauge({
    name: 'chatelaine_revocations',
    help: 'Ends that a Host has not confirmed yet.',
    label: 'state',
    read: async () => ({ pending: (await backlog()).pending }),
  });
  metrics.gauge({
    name: 'chatelaine_oldest_revocation_seconds',
    help: 'Age of the oldest end that a Host has not confirmed yet; 0 when there is none.',
    label: 'state',
    read: async () => ({ pending: (await backlog()).oldest }),
  });
}
