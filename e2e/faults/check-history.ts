import { patience } from '@chatelaine/test-kit';
import { checkAgreements, owesAgreement, type TermsKnown, termsKnown } from './check-agreements.ts';
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

/** A Host that is up refuses what was stopped within this. PROTOCOL §7. */
export const NOTIFIED_WITHIN_MS = patience(5);
/** What was completed before a stop is written within this. PROTOCOL §7. */
const LEAVES_WITHIN_MS = 250;
/** Two clocks, and the last call of a token's life. */
const SPARE_MS = 5_000;

/** What the clients saw and must not have seen. Empty when every promise was kept. */
export function checkHistory(history: History): string[] {
  const stops = Map.groupBy(history.stops, ({ connection }) => connection.token);
  const stopsOf = (connection: HeldConnection): readonly Stop[] => stops.get(connection.token) ?? [];
  const terms = termsKnown(history);
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

/** I2: one code yields tokens once. I1: and it does yield them, when nothing happened to it. */
function checkRedemption({ client, answers, yields }: Redemption): string[] {
  const yielded = answers.filter(({ kind }) => kind === 'ok').length;
  return [
    ...broken(answers),
    ...(yielded > 1 ? [`I2: one code of ${client} yielded tokens ${yielded} times`] : []),
    // an answer that was lost may have been the one with the tokens
    ...(yields === 'once' && answers.length > 0 && answers.every(({ kind }) => kind === 'refused')
      ? [`I1: a code of ${client} yielded nothing to whoever sent it`]
      : []),
  ];
}

/**
 * I3: nothing is handed out after the answer to a stop, and what was completed before leaves in time or never (PROTOCOL
 * §7). I1: and what nobody stopped goes on, or says that it cannot right now.
 */
function checkTransfer(transfer: Transfer, { stops, terms }: { stops: readonly Stop[]; terms: TermsKnown }): string[] {
  const { connection, begin, end, outcome } = transfer;
  const touched = stops.some((stop) => stop.begin < end);
  return [
    ...broken([outcome]),
    ...checkStopped({ begin, end, outcome }, stops).map((when) => `I3: ${connection.name} was handed a token ${when}`),
    ...(!touched && outcome.kind === 'refused' && !owesAgreement(transfer, terms)
      ? [`I1: ${connection.name} was refused (${outcome.status} ${outcome.error}) and nobody had stopped it`]
      : []),
  ];
}

/**
 * As with transfers; and a refresh token that was replaced answers for a time, so that a lost answer loses nothing.
 * PROTOCOL §6.
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

/** What came after a stop was answered: asked for after it, or asked for before and written too late. */
function checkStopped({ begin, end, outcome }: Seen, stops: readonly Stop[]): string[] {
  if (outcome.kind !== 'ok') return [];
  const answered = stops.filter((stop) => stop.outcome === 'ok');
  if (answered.some((stop) => stop.end < begin)) return ['after its stop'];
  return answered.some((stop) => stop.end + LEAVES_WITHIN_MS + SPARE_MS < end) ? ['long after its stop'] : [];
}

/** I1 at the Host: a token that was handed out opens it, until its end or its time. */
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

/** For so long a Host that was away is left alone once more after it is back. docs/adr/0014 */
const CIRCUIT_OPEN_MS = 4_000;

/**
 * I3 at the Host. While something was broken, or has just been, retries may take longer; the probe itself has the bound
 * for that.
 */
function checkRefusal({ begin, end, resource }: Refusal, faults: readonly Fault[]): string[] {
  return end - begin <= NOTIFIED_WITHIN_MS || wasBroken(faults, begin - CIRCUIT_OPEN_MS, end)
    ? []
    : [`I3: ${resource} took a stopped token for ${Math.round(end - begin)} ms, and nothing was broken`];
}

/** I7: who cannot read what a decision rests on does not decide in favour. */
function checkClosed({ begin, end, outcome }: Seen, spans: readonly Span[]): string[] {
  const within = spans.some((span) => span.begin <= begin && end <= span.end);
  return within && outcome.kind === 'ok' ? ['I7: something was granted while there was no database'] : [];
}

/** Whether some fault was under way between two moments. */
export function wasBroken(faults: readonly Fault[], begin: Moment, end: Moment): boolean {
  return faults.some((fault) => fault.begin < end && fault.end > begin);
}

/** I9 */
function broken(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'broken_promise' ? [`I9: ${outcome.what}`] : []));
}
