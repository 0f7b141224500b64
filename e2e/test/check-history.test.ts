import { describe, expect, test } from '@jest/globals';
import { checkHistory } from '../faults/check-history.ts';
import { createHistory, type Outcome } from '../faults/history.ts';

const connection = { name: 'Reader', owner: 'ada', clientId: 'https://reader.example/', token: 'a token' };
const STOP = { connection, begin: 100, end: 200, outcome: 'ok' } as const;
const HANDED_OUT: Outcome = { kind: 'ok', json: {} };
const REFUSED: Outcome = { kind: 'refused', status: 400, error: 'invalid_request' };

/** The findings for one outcome, of a transfer and of a refresh, when there was a stop. */
function found(times: { begin: number; end: number }, outcome: Outcome): string[] {
  const history = createHistory();
  history.stops.push(STOP);
  history.transfers.push({ ...times, outcome, connection, resource: 'https://photos.example/api' });
  history.refreshes.push({ ...times, outcome, connection, servedUntil: 0 });
  return checkHistory(history);
}

describe('what was completed before a stop', () => {
  test('and reaches its client far later than within the bound is a violation, by a transfer and by a refresh', () => {
    expect(found({ begin: 150, end: STOP.end + 6_000 }, HANDED_OUT)).toEqual([
      'I3: Reader was handed a token long after its stop',
      'I3: Reader was refreshed long after its stop',
    ]);
  });

  test('and is written in time is none, nor is a refusal, however late', () => {
    expect(found({ begin: 150, end: STOP.end + 250 }, HANDED_OUT)).toEqual([]);
    expect(found({ begin: 150, end: STOP.end + 6_000 }, REFUSED)).toEqual([]);
  });

  test('is told from what was asked for after it', () => {
    expect(found({ begin: STOP.end + 1, end: STOP.end + 6_000 }, HANDED_OUT)).toEqual([
      'I3: Reader was handed a token after its stop',
      'I3: Reader was refreshed after its stop',
    ]);
  });
});
