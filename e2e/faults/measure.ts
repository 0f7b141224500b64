import { wasBroken } from './check-history.ts';
import type { Seen } from './history.ts';
import type { World } from './world.ts';

/** The results of a session of faults. Durations are in milliseconds. */
export interface Measured {
  readonly kills: number;
  readonly crashes: number;
  readonly transfers: number;
  /** The share of transfers that were answered 502, 503 or 504, or not at all. */
  readonly notAnswered: number;
  /**
   * Refresh tokens that stock clients presented, and the share of them that was answered 502, 503 or 504, or not at
   * all.
   */
  readonly refreshes: number;
  readonly refreshesNotAnswered: number;
  readonly connections: number;
  readonly stops: number;
  /** Stops during many transfers of their connection. */
  readonly racedStops: number;
  /** Answers to owners' terms that were acknowledged, and terms that were put in force after consent. */
  readonly agreements: number;
  readonly offers: number;
  /** Adoptions during many transfers of their connection. */
  readonly racedAdoptions: number;
  readonly links: number;
  readonly racedCodes: number;
  readonly racedRedemptions: number;
  /** How long Hosts accepted a token after its stop was answered: without faults at the time, and overall. */
  readonly revokedWithoutFaults: Spread;
  readonly revoked: Spread;
  /** From Postgres accepting connections again to the first token handed out. */
  readonly firstAfterCrash: Spread;
  /** From the end of the load until nothing is half done. */
  readonly settledMs: number;
  readonly violations: readonly string[];
}

export interface Spread {
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function measure(
  { history }: World,
  { settledMs, violations }: { settledMs: number; violations: readonly string[] },
): Measured {
  const { faults, transfers, refreshes, refusals, redemptions } = history;
  const raced = redemptions.filter(({ answers }) => answers.length > 1);
  const crashes = faults.filter(({ what }) => what.startsWith('crash'));
  const handedOut = transfers.filter(({ outcome }) => outcome.kind === 'ok');
  return {
    kills: faults.filter(({ what }) => what.startsWith('kill')).length,
    crashes: crashes.length,
    transfers: transfers.length,
    notAnswered: shareNotAnswered(transfers),
    refreshes: refreshes.length,
    refreshesNotAnswered: shareNotAnswered(refreshes),
    connections: history.connections.length,
    stops: history.stops.length,
    racedStops: history.racedStops.length,
    agreements: history.agreements.filter(({ decision, outcome }) => decision !== null && outcome.kind === 'ok').length,
    offers: history.offers.filter(({ outcome }) => outcome === 'ok').length,
    racedAdoptions: history.racedAdoptions.length,
    links: history.links.length,
    racedCodes: raced.length,
    racedRedemptions: raced.reduce((sum, { answers }) => sum + answers.length, 0),
    revokedWithoutFaults: spread(refusals.filter(({ begin, end }) => !wasBroken(faults, begin, end)).map(lasted)),
    revoked: spread(refusals.map(lasted)),
    firstAfterCrash: spread(
      crashes.flatMap((crash) => {
        const ends = handedOut.filter(({ end }) => end > crash.end).map(({ end }) => end - crash.end);
        return ends.length === 0 ? [] : [Math.min(...ends)];
      }),
    ),
    settledMs,
    violations,
  };
}

function shareNotAnswered(seen: readonly Seen[]): number {
  const lost = seen.filter(({ outcome }) => outcome.kind === 'unavailable' || outcome.kind === 'unknown');
  return seen.length === 0 ? 0 : lost.length / seen.length;
}

const lasted = ({ begin, end }: { begin: number; end: number }): number => end - begin;

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
