import { describe, expect, it } from '@jest/globals';
import { BATCH } from '@chatelaine/protocol';
import { prefersLines } from '../src/transfer/batch/accept.ts';
import { hopParams, readBatchRequest } from '../src/transfer/batch/request.ts';

describe('what a caller accepts', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['application/json', false],
    ['text/html', false],
    ['application/x-ndjson', true],
    ['APPLICATION/X-NDJSON', true],
    ['application/x-ndjson; charset=utf-8', true],
    ['application/x-ndjson, application/json', true],
    ['application/x-ndjson, */*;q=0.1', true],
    ['application/x-ndjson;q=0.5, application/json;q=0.9', false],
    ['application/x-ndjson;q=0.9, application/json;q=0.5', true],
    ['application/json;q=0.1, application/x-ndjson;q=0.5, */*', true],
    ['application/x-ndjson;q=0', false],
    ['application/x-ndjson;q=0.0, text/html', false],
    ['application/x-ndjson;q=2', false],
    ['application/*', false],
  ])('%s', (accept, lines) => {
    expect(prefersLines(accept)).toBe(lines);
  });
});

describe('the body of a batch call', () => {
  const item = { id: 'a', resource: 'https://photos.example/api', scope: 'x' };

  it('says where its first mistake is, and repeats nothing of what it holds', () => {
    const sentence = (body: unknown): string => {
      try {
        readBatchRequest(body);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(sentence({ transfers: [item, { ...item, id: '' }] })).toBe(
      'transfers[1].id is missing or not as it should be.',
    );
    expect(sentence({ transfers: [{ ...item, '<script>': 1 }] })).toBe('transfers[0] has a member that is not known.');
    expect(sentence(null)).toBe('The body is missing or not as it should be.');
    const crowd = { transfers: Array.from({ length: BATCH.items + 1 }, () => 0) };
    expect(sentence(crowd)).toBe('One call holds at most 200 transfers.');
  });

  it('reads each item as hop 1 is read: nothing of the call but its token and how it waits', () => {
    const read = readBatchRequest({
      transfers: [{ ...item, purpose: 'p', actor_token: 'a.b.c' }],
      completion_mode: 'deferred',
      client_id: 'c',
    });
    const [first] = read.transfers;
    expect(Object.fromEntries(hopParams(read, { item: first ?? item, accessToken: 'ct' }))).toEqual({
      subject_token: 'ct',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: item.resource,
      scope: 'x',
      purpose: 'p',
      actor_token: 'a.b.c',
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      completion_mode: 'deferred',
    });
  });
});
