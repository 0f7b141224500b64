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

describe('slots', () => {
  it('go in turn by the first part of a path, and within it by the next, however many wait for one', async () => {
    const tasks = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 1, waiting: Infinity }));
    for (const path of ['a/x', 'a/x', 'a/x', 'a/y', 'a/y', 'b/z', 'c/z', 'b/z']) void tasks.enter(path);
    for (let turn = 0; turn < 8; turn++) await tasks.leave();
    expect(tasks.entered).toEqual(['a/x', 'a/x', 'b/z', 'c/z', 'a/y', 'b/z', 'a/x', 'a/y']);
  });

  it('keep to each share: who has used theirs up lets others pass, and is next when they may', async () => {
    const tasks = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 3, waiting: Infinity }));
    const host = (name: string) => ({ shares: [share(name, 1)] });
    void tasks.enter('a/slow', host('slow'));
    void tasks.enter('a/slow', host('slow'));
    void tasks.enter('a/fast', host('fast'));
    void tasks.enter('b/other', host('other'));
    await settled();
    expect(tasks.entered).toEqual(['a/slow', 'a/fast', 'b/other']);
    await tasks.leave();
    expect(tasks.entered.at(-1)).toBe('a/slow');
  });

  it('refuse at once when there is no room to wait, and say whose room it is', async () => {
    const limit = createConcurrencyLimit({ atOnce: 2, waiting: 1 });
    const tasks = new ConcurrentTasks(limit);
    const mine = { shares: [share('mine', 1, 0)] };
    await tasks.enter('a', mine);
    await expect(tasks.enter('a', mine)).rejects.toMatchObject({ name: 'Crowded', share: 'mine' });
    await tasks.enter('b');
    void tasks.enter('c');
    await expect(tasks.enter('d')).rejects.toEqual(new Crowded(''));
    await tasks.leave();
    expect(tasks.entered).toEqual(['a', 'b', 'c']);
  });

  it('are not kept for who has gone: their turn is nobody’s, and they are told why', async () => {
    const tasks = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 1, waiting: 2 }));
    const going = new AbortController();
    await tasks.enter('a');
    const gone = tasks.enter('b', { signal: going.signal });
    void tasks.enter('c');
    going.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(tasks.enter('d', { signal: going.signal })).rejects.toThrow('gone');
    void tasks.enter('e');
    await tasks.leave();
    await tasks.leave();
    expect(tasks.entered).toEqual(['a', 'c', 'e']);
  });

  it('pass over who is not open, until they are', async () => {
    const limit = createConcurrencyLimit({ atOnce: 1, waiting: Infinity });
    const tasks = new ConcurrentTasks(limit);
    let open = false;
    void tasks.enter('a', { open: () => open });
    void tasks.enter('b');
    await settled();
    expect(tasks.entered).toEqual(['b']);
    await tasks.leave();
    expect(tasks.entered).toEqual(['b']);
    open = true;
    limit.look();
    await settled();
    expect(tasks.entered).toEqual(['b', 'a']);
  });

  it('are not looked for on behalf of each who waits: where one limit stops many, that is found once', async () => {
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
    const tasks = new ConcurrentTasks(createConcurrencyLimit({ atOnce: 20, waiting: Infinity }));
    const shut = () => {
      looks += 1;
      return false;
    };
    for (let one = 0; one < WAITING; one++) {
      const path = (who: string): string => `${who}/call${one % 10}/host${one}`;
      void tasks.enter(path('crowd'), { shares: [counted('crowd', 5), counted(`host ${one}`, 1)] });
      void tasks.enter(path('reader'), { shares: [counted('reader', 5)], open: shut });
    }
    await settled();
    for (let turn = 0; turn < 50; turn++) await tasks.leave();
    void tasks.enter('other', { shares: [counted('other', 1)] });
    await settled();
    expect(tasks.entered.at(-1)).toBe('other');
    expect(tasks.entered).toHaveLength(56);
    expect(looks).toBeLessThan(40 * WAITING);
  });

  it('released twice count once', async () => {
    const limit = createConcurrencyLimit({ atOnce: 1, waiting: Infinity });
    const ticket = { path: ['a'], shares: [], signal: neverAborted };
    const leave = await limit.enter(ticket);
    leave();
    leave();
    await limit.enter(ticket);
    const third = await Promise.race([limit.enter(ticket).then(() => 'in'), settled().then(() => 'waiting')]);
    expect(third).toBe('waiting');
  });
});
