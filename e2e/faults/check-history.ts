import { patience } from '@chatelaine/test-kit';
import { checkAgreements, mustAgreeFirst, type KnownTerms, knownTerms } from './check-agreements.ts';
import type {
  Call,
  Fault,
  HeldConnection,
  History,
  Moment,
  Outcome,
  Redemption,
  Refresh,
  Refusal,
  Seen,
  Span,
  Stop,
  Transfer,
} from './history.ts';

/** A Host that is up refuses a stopped token within this time. PROTOCOL §7. */
export const REVOKED_WITHIN_MS = patience(5);
/** A transfer that was completed before a stop is answered within this time. PROTOCOL §7. */
const SENT_WITHIN_MS = 250;
/** Allowance for the difference between two clocks, and for the last call in a token's life. */
const SPARE_MS = 5_000;

/** Violations in what the clients saw. Empty when every promise was kept. */
export function checkHistory(history: History): string[] {
  const stops = Map.groupBy(history.stops, ({ connection }) => connection.token);
  const stopsOf = (connection: HeldConnection): readonly Stop[] => stops.get(connection.token) ?? [];
  const terms = knownTerms(history);
  return [
    ...history.violations,
    ...history.redemptions.flatMap(checkRedemption),
    ...history.transfers.flatMap((transfer) => checkTransfer(transfer, { stops: stopsOf(transfer.connection), terms })),
    ...history.refreshes.flatMap((refresh) => checkRefresh(refresh, stopsOf(refresh.connection))),
    ...history.calls.flatMap((call) => checkCall(call, stopsOf(call.connection))),
    ...history.refusals.flatMap((refusal) => checkRefusal(refusal, history.faults)),
    ...checkAgreements(history),
    ...[...history.transfers, ...history.refreshes, ...history.calls].flatMap((seen) =>
      checkClosed(seen, history.withoutDatabase),
    ),
  ];
}

/** I2: a code yields tokens only once. I1: and it does yield them, unless something happened to it. */
function checkRedemption({ client, answers, yields }: Redemption): string[] {
  const yielded = answers.filter(({ kind }) => kind === 'ok').length;
  return [
    ...broken(answers),
    ...(yielded > 1 ? [`I2: one code of ${client} yielded tokens ${yielded} times`] : []),
    // a response that was lost may have been the one with the tokens
    ...(yields === 'once' && answers.length > 0 && answers.every(({ kind }) => kind === 'refused')
      ? [`I1: a code of ${client} yielded nothing to whoever sent it`]
      : []),
  ];
}

/**
 * I3: nothing is handed out after a stop was answered, and what was completed before is answered in time or not at all
 * (PROTOCOL §7). I1: what nobody stopped continues to work, or is answered as temporarily unavailable.
 */
function checkTransfer(transfer: Transfer, { stops, terms }: { stops: readonly Stop[]; terms: KnownTerms }): string[] {
  const { connection, begin, end, outcome } = transfer;
  const touched = stops.some((stop) => stop.begin < end);
  return [
    ...broken([outcome]),
    ...checkStopped({ begin, end, outcome }, stops).map((when) => `I3: ${connection.name} was handed a token ${when}`),
    ...(!touched && outcome.kind === 'refused' && !mustAgreeFirst(transfer, terms)
      ? [`I1: ${connection.name} was refused (${outcome.status} ${outcome.error}) and nobody had stopped it`]
      : []),
  ];
}

/**
 * The same for refreshes; and a refresh token that was replaced is accepted for some time, so that a lost response does
 * no harm. PROTOCOL §6.
 */
function checkRefresh({ connection, begin, end, outcome, servedUntil }: Refresh, stops: readonly Stop[]): string[] {
  const owed = end < servedUntil && !stops.some((stop) => stop.begin < end);
  return [
    ...broken([outcome]),
    ...checkStopped({ begin, end, outcome }, stops).map((when) => `I3: ${connection.name} was refreshed ${when}`),
    ...(owed && outcome.kind === 'refused'
      ? [`I1: a good refresh token of ${connection.name} was refused (${outcome.status} ${outcome.error})`]
      : []),
  ];
}

/** Tokens after a stop was answered: requested after it, or requested before and answered too late. */
function checkStopped({ begin, end, outcome }: Seen, stops: readonly Stop[]): string[] {
  if (outcome.kind !== 'ok') return [];
  const answered = stops.filter((stop) => stop.outcome === 'ok');
  if (answered.some((stop) => stop.end < begin)) return ['after its stop'];
  return answered.some((stop) => stop.end + SENT_WITHIN_MS + SPARE_MS < end) ? ['long after its stop'] : [];
}

/** I1 at the Host: it accepts a token that was handed out, until it is stopped or expires. */
function checkCall({ connection, end, outcome, handedOut, expiresIn }: Call, stops: readonly Stop[]): string[] {
  const fresh = end < handedOut + expiresIn * 1_000 - SPARE_MS;
  const touched = stops.some((stop) => stop.begin < end);
  return [
    ...broken([outcome]),
    ...(fresh && !touched && outcome.kind === 'refused'
      ? [
          `I1: a Host refused a token of ${connection.name} ` +
            `(${outcome.status} ${outcome.error}) that nobody had stopped`,
        ]
      : []),
  ];
}

/** How long the circuit of a Host that was unavailable may stay open after the Host is back. docs/adr/0014 */
const CIRCUIT_OPEN_MS = 4_000;

/**
 * I3 at the Host. During a fault and shortly after it, retries may take longer; the probe has a bound of its own for
 * that.
 */
function checkRefusal({ begin, end, resource }: Refusal, faults: readonly Fault[]): string[] {
  return end - begin <= REVOKED_WITHIN_MS || wasBroken(faults, begin - CIRCUIT_OPEN_MS, end)
    ? []
    : [`I3: ${resource} took a stopped token for ${Math.round(end - begin)} ms, and nothing was broken`];
}

/** I7: a process that cannot read what a decision depends on must not grant anything. */
function checkClosed({ begin, end, outcome }: Seen, spans: readonly Span[]): string[] {
  const within = spans.some((span) => span.begin <= begin && end <= span.end);
  return within && outcome.kind === 'ok' ? ['I7: something was granted while there was no database'] : [];
}

/** Whether a fault was under way between two moments. */
export function wasBroken(faults: readonly Fault[], begin: Moment, end: Moment): boolean {
  return faults.some((fault) => fault.begin < end && fault.end > begin);
}

/** I9: no response breaks the protocol. */
function broken(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'broken_promise' ? [`I9: ${outcome.what}`] : []));
}
