import { describe, expect, it } from '@jest/globals';
import {
  createConcurrencyLimit,
  Crowded,
  type ConcurrencyLimit,
  type Share,
  type Ticket,
} from '../src/links/concurrency-limit.ts';

const neverAborted = new AbortController().signal;
const share = (name: string, atOnce: number, waiting = Infinity): Share => ({ name, atOnce, waiting });

/** Tasks that have entered, in order; each leaves when it is told to. */
class ConcurrentTasks {
  readonly entered: string[] = [];
  readonly #leave: (() => void)[] = [];
  readonly #limit: ConcurrencyLimit;

  constructor(limit: ConcurrencyLimit) {
    this.#limit = limit;
  }

  async enter(path: string, given: Partial<Omit<Ticket, 'path'>> = {}): Promise<void> {
    const leave = await this.#limit.enter({ shares: [], signal: neverAborted, ...given, path: path.split('/') });
    this.entered.push(path);
    this.#leave.push(leave);
  }

  /** The first task inside leaves; resolves when the next in line has entered. */
  async leave(): Promise<void> {
    this.#leave.shift()?.();
    await settled();
  }
}
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('places', () => {
  it('go round by the first part of a path, and within it by the next: a crowd is one among others', async () => {
    const crowd = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 1, waiting: Infinity }));
    for (const path of ['a/x', 'a/x', 'a/x', 'a/y', 'a/y', 'b/z', 'c/z', 'b/z']) void crowd.enter(path);
    for (let turn = 0; turn < 8; turn++) await crowd.leave();
    expect(crowd.entered).toEqual(['a/x', 'a/x', 'b/z', 'c/z', 'a/y', 'b/z', 'a/x', 'a/y']);
  });

  it('keep to each share: who has used theirs up lets others pass, and is next when they may', async () => {
    const crowd = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 3, waiting: Infinity }));
    const host = (name: string) => ({ shares: [share(name, 1)] });
    void crowd.enter('a/slow', host('slow'));
    void crowd.enter('a/slow', host('slow'));
    void crowd.enter('a/fast', host('fast'));
    void crowd.enter('b/other', host('other'));
    await settled();
    expect(crowd.entered).toEqual(['a/slow', 'a/fast', 'b/other']);
    await crowd.leave();
    expect(crowd.entered.at(-1)).toBe('a/slow');
  });

  it('refuse at once when there is no room to wait, and say whose room it is', async () => {
    const places = createConcurrencyLimit({ atOnce: 2, waiting: 1 });
    const crowd = new ConcurrentTasks(places);
    const mine = { shares: [share('mine', 1, 0)] };
    await crowd.enter('a', mine);
    await expect(crowd.enter('a', mine)).rejects.toMatchObject({ name: 'Crowded', share: 'mine' });
    await crowd.enter('b');
    void crowd.enter('c');
    await expect(crowd.enter('d')).rejects.toEqual(new Crowded(''));
    await crowd.leave();
    expect(crowd.entered).toEqual(['a', 'b', 'c']);
  });

  it('are not kept for who has gone: their turn is nobody’s, and they are told why', async () => {
    const crowd = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 1, waiting: 2 }));
    const going = new AbortController();
    await crowd.enter('a');
    const gone = crowd.enter('b', { signal: going.signal });
    void crowd.enter('c');
    going.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(crowd.enter('d', { signal: going.signal })).rejects.toThrow('gone');
    void crowd.enter('e');
    await crowd.leave();
    await crowd.leave();
    expect(crowd.entered).toEqual(['a', 'c', 'e']);
  });

  it('pass over who is not open, until they are', async () => {
    const places = createConcurrencyLimit({ atOnce: 1, waiting: Infinity });
    const crowd = new ConcurrentTasks(places);
    let open = false;
    void crowd.enter('a', { open: () => open });
    void crowd.enter('b');
    await settled();
    expect(crowd.entered).toEqual(['b']);
    await crowd.leave();
    expect(crowd.entered).toEqual(['b']);
    open = true;
    places.look();
    await settled();
    expect(crowd.entered).toEqual(['b', 'a']);
  });

  it('are not looked for on behalf of each who waits: where one thing stops a crowd, it is found once', async () => {
    const WAITING = 2_000;
    let looks = 0;
    const counted = (name: string, atOnce: number): Share => ({
      name,
      waiting: Infinity,
      get atOnce() {
        looks += 1;
        return atOnce;
      },
    });
    const crowd = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 20, waiting: Infinity }));
    const shut = () => {
      looks += 1;
      return false;
    };
    for (let one = 0; one < WAITING; one++) {
      const path = (who: string): string => `${who}/call${one % 10}/host${one}`;
      void crowd.enter(path('crowd'), { shares: [counted('crowd', 5), counted(`host ${one}`, 1)] });
      void crowd.enter(path('reader'), { shares: [counted('reader', 5)], open: shut });
    }
    await settled();
    for (let turn = 0; turn < 50; turn++) await crowd.leave();
    void crowd.enter('other', { shares: [counted('other', 1)] });
    await settled();
    expect(crowd.entered.at(-1)).toBe('other');
    expect(crowd.entered).toHaveLength(56);
    expect(looks).toBeLessThan(40 * WAITING);
  });

  it('given back twice are one place', async () => {
    const places = createConcurrencyLimit({ atOnce: 1, waiting: Infinity });
    const ticket = { path: ['a'], shares: [], signal: neverAborted };
    const leave = await places.enter(ticket);
    leave();
    leave();
    await places.enter(ticket);
    const third = await Promise.race([places.enter(ticket).then(() => 'in'), settled().then(() => 'waiting')]);
    expect(third).toBe('waiting');
  });
});
