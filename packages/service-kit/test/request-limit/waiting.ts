import { expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';
import { begin, it, read, counted, taken, ask, fill } from './scene.ts';

const refusedSoFar = (): Promise<number> => read(it.metrics, 'chatelaine_requests_refused_total');

export function waiting(): void {
  test('a request that waits for another server gives up its slot, so that others are answered', async () => {
    await begin({ waitingAtOnce: 80 });
    const owners = Array.from({ length: 8 }, (_, n) => ask('/host', { headers: { owner: `o${n}`, requester: 'r' } }));
    const documents = Array.from({ length: 8 }, () => ask('/document'));
    await it.begun(16);
    expect([await taken(), await counted('waiting')]).toEqual([0, 16]);
    const admitted = await fill();
    it.release();
    const answers = await Promise.all([...owners, ...documents, ...admitted]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await eventually(async () => (await counted('waiting')) === 0 && (await taken()) === 0);
  });

  test('one person, one source and one Requester each have a share of the requests that may wait', async () => {
    await begin({ waitingAtOnce: 40 });
    const many = (headers: Record<string, string>) => Array.from({ length: 40 }, () => ask('/host', { headers }));
    // a fifth of the three quarters that one Requester may have: so much of 30 that it is a quarter of the rest
    const mine = many({ owner: 'mine', requester: 'r' });
    await it.begun(6);
    await eventually(async () => (await refusedSoFar()) === 34);
    const others = many({ owner: 'other', requester: 'r' });
    await it.begun(11);
    await eventually(async () => (await refusedSoFar()) === 34 + 35);
    const third = ask('/host', { headers: { owner: 'third', requester: 'r' } });
    const elsewhere = ask('/host', { headers: { owner: 'third', requester: 'another' } });
    const unknown = ask('/document');
    await it.begun(14);
    it.release();
    expect((await Promise.all([third, elsewhere, unknown])).map(({ status }) => status)).toEqual([200, 200, 200]);
    const statuses = (await Promise.all([...mine, ...others])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(11);
  });

  test('a request that ends something is never refused while it waits: it keeps its own slot', async () => {
    await begin({ waitingAtOnce: 1 });
    const waiting = ask('/host', { headers: { owner: 'o', requester: 'r' } });
    await it.begun(1);
    expect((await ask('/host', { headers: { owner: 'p', requester: 'r' } })).status).toBe(503);
    const end = ask('/end');
    await it.begun(2);
    expect(await taken()).toBe(1);
    it.release();
    expect((await Promise.all([waiting, end])).map(({ status }) => status)).toEqual([200, 200]);
  });
}
