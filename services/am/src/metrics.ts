import { ERROR_STATUS } from '@chatelaine/protocol';
import type { Metrics } from '@chatelaine/telemetry';
import { revocationBacklog } from './metrics-store.ts';
import type { Deps, HostGate, Observed } from './deps.ts';

const TRANSFER_OUTCOMES = ['minted', 'timeout', 'internal', ...Object.keys(ERROR_STATUS)];
const HOST_OUTCOMES = ['ok', 'oauth_error', 'timeout', 'unreachable', 'unusable', 'held', 'gone'];

/** Times every transfer by its outcome: `minted`, or the error that the Requester gets. */
export const observeTransfers = (metrics: Metrics): Observed =>
  metrics.timer({
    name: 'chatelaine_transfer_seconds',
    help: 'Transfers, from the decision to the answer of the Host, by outcome.',
    labels: { outcome: TRANSFER_OUTCOMES },
  });

/** Times every call to a Host by its outcome. Not by Host, because anybody may add any number of those. */
export const observeHostCalls = (metrics: Metrics): Observed =>
  metrics.timer({
    name: 'chatelaine_host_call_seconds',
    help: "Calls of Hosts' token endpoints, waiting for a slot included, by outcome.",
    labels: { outcome: HOST_OUTCOMES },
  });

export function observeCircuits(metrics: Metrics, gate: HostGate): void {
  metrics.gauge({
    name: 'chatelaine_host_breakers',
    help: 'Hosts by how this process treats them: open is left alone for a while.',
    label: 'state',
    read: () => gate.states(),
  });
}

/** The revocations that Hosts have yet to confirm, counted in the table. */
export function observeRevocations(metrics: Metrics, { pool }: Pick<Deps, 'pool'>): void {
  metrics.gauge({
    name: 'chatelaine_revocations',
    help: 'Ends that a Host has not confirmed yet.',
    label: 'state',
    read: async () => ({ pending: (await revocationBacklog(pool)).pending }),
  });
  metrics.gauge({
    name: 'chatelaine_oldest_revocation_seconds',
    help: 'Age of the oldest end that a Host has not confirmed yet; 0 when there is none.',
    label: 'state',
    read: async () => ({ pending: (await revocationBacklog(pool)).oldest }),
  });
}
