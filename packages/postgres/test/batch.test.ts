import { mock } from 'node:test';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Embedded, createInstance, sharedEmbedded } from '@chatelaine/dev-postgres';
import pg from 'pg';
import { batched, defineQuery, run, runForRow } from '../src/index.ts';

/** A statement that the test ends when it wants to. */
function gated<Input>(answer: (input: Input) => string = String) {
  const sent: { inputs: readonly Input[]; finish: () => void; fail: (error: unknown) => void }[] = [];
  const send = (inputs: readonly Input[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      sent.push({ inputs, finish: () => resolve(inputs.map(answer)), fail: reject });
    });
  return { sent, one: async (input: Input) => (await send([input]))[0] ?? '', many: send };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const rolledBack = Object.assign(new Error('made to fail'), { severity: 'ERROR', code: '23514' });

describe('a batched query', () => {
  test('that comes alone is sent in the same turn, as the single query', async () => {
    const gate = gated<number>();
    const query = batched({ one: gate.one, many: () => Promise.reject(new Error('not one')) });
    const answer = query(1);
    await turn();
    gate.sent[0]?.finish();
    expect(await answer).toBe('1');
  });

  test('sends the inputs of one turn together, and nothing joins a statement that was sent', async () => {
    const gate = gated<number>();
    const query = batched(gate);
    const first = [query(1), query(2)];
    await turn();
    const second = [query(3), query(4)];
    expect(gate.sent.map(({ inputs }) => inputs)).toEqual([[1, 2]]);
    gate.sent[0]?.finish();
    expect(await Promise.all(first)).toEqual(['1', '2']);
    while (gate.sent.length < 2) await turn();
    expect(gate.sent.map(({ inputs }) => inputs)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    gate.sent[1]?.finish();
    expect(await Promise.all(second)).toEqual(['3', '4']);
  });

  test('waits for company after a statement for several, 1 ms and no longer, and not after one for one', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const gate = gated<number>();
      const query = batched(gate);
      const finish = async (inputs: readonly number[]): Promise<void> => {
        const last = gate.sent.at(-1);
        expect(last?.inputs).toEqual(inputs);
        last?.finish();
        await turn();
      };
      const answers = [query(1), query(2)];
      await turn();
      await finish([1, 2]);
      answers.push(query(3));
      await turn();
      answers.push(query(4));
      await turn();
      expect(gate.sent).toHaveLength(1);
      mock.timers.tick(1);
      await finish([3, 4]);
      answers.push(query(5));
      await turn();
      expect(gate.sent).toHaveLength(2);
      mock.timers.tick(1);
      await finish([5]);
      answers.push(query(6));
      await turn();
      await finish([6]);
      expect(await Promise.all(answers)).toEqual(['1', '2', '3', '4', '5', '6']);
    } finally {
      mock.timers.reset();
    }
  });

  test('does not wait for a slow statement: the next one is sent beside it', async () => {
    const gate = gated<number>();
    const query = batched(gate);
    const slow = query(1);
    await turn();
    const quick = query(2);
    while (gate.sent.length < 2) await turn();
    gate.sent[1]?.finish();
    expect(await quick).toBe('2');
    gate.sent[0]?.finish();
    expect(await slow).toBe('1');
  });

  test('never puts two inputs that share a key into one statement, nor more than 64', async () => {
    const gate = gated<string>();
    const query = batched({ ...gate, keysOf: (input) => input.split('') });
    const all = ['ab', 'bc', 'cd', 'x', 'ad'].map(query);
    await turn();
    expect(gate.sent.map(({ inputs }) => inputs)).toEqual([['ab', 'x'], ['bc'], ['cd'], ['ad']]);
    for (const { finish } of gate.sent) finish();
    expect(await Promise.all(all)).toEqual(['ab', 'bc', 'cd', 'x', 'ad']);
    const many = gated<number>();
    const plain = batched(many);
    const answers = Array.from({ length: 150 }, (_, n) => plain(n));
    await turn();
    expect(many.sent.map(({ inputs }) => inputs.length)).toEqual([64, 64, 22]);
    for (const { finish } of many.sent) finish();
    expect(await Promise.all(answers)).toHaveLength(150);
  });

  test('runs each input by itself if the statement failed, so that only the one at fault gets its error', async () => {
    const query = batched<number, string>({
      one: async (input) => (input === 2 ? Promise.reject(rolledBack) : String(input)),
      many: () => Promise.reject(rolledBack),
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map(query));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test.each([
    ['it took too long', '57014'],
    ['a row was locked', '55P03'],
    ['memory was short', '53200'],
    ['the disk was full', '53100'],
    ['it lost a race again and again', '40P01'],
  ])(
    'runs each input by itself whatever made the server give the statement up (%s): nothing of it remains',
    async (_why, code) => {
      const error = Object.assign(new Error('given up'), { severity: 'ERROR', code });
      const query = batched<number, string>({ one: async (input) => String(input), many: () => Promise.reject(error) });
      expect(await Promise.all([1, 2].map(query))).toEqual(['1', '2']);
    },
  );

  test.each([
    ['alone', [1]],
    ['with others', [1, 2, 3]],
  ])('answers each input, also when the query throws before there is a promise (%s)', async (_name, inputs) => {
    const thrown = new Error('at once');
    const throws = (): never => {
      throw thrown;
    };
    const query = batched<number, string>({ one: throws, many: () => Promise.reject(rolledBack) });
    const outcomes = await Promise.allSettled(inputs.map(query));
    expect(outcomes).toEqual(inputs.map(() => ({ status: 'rejected', reason: thrown })));
    const together = batched<number, string>({ one: async (input) => String(input), many: throws });
    const answers = await Promise.allSettled(inputs.map(together));
    expect(answers).toEqual(
      inputs.map((input) =>
        inputs.length === 1 ? { status: 'fulfilled', value: String(input) } : { status: 'rejected', reason: thrown },
      ),
    );
  });

  test.each([
    ['the connection broke', new Error('Connection terminated unexpectedly')],
    ['the server was stopped', Object.assign(new Error('stopped'), { severity: 'FATAL', code: '57P01' })],
    [
      'the standby was not waited for',
      Object.assign(new Error('not waited for'), { severity: 'ERROR', code: '08007' }),
    ],
    ['nothing is known', 'odd'],
  ])('repeats nothing when it is not known what became of a statement (%s)', async (_why, error) => {
    let singly = 0;
    const query = batched<number, string>({
      one: async () => String(++singly),
      many: () => Promise.reject(error),
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map(query));
    expect(outcomes).toEqual([1, 2, 3].map(() => ({ status: 'rejected', reason: error })));
    expect(singly).toBe(0);
  });

  test('whose number of outputs differs from that of its inputs rejects all of them', async () => {
    const query = batched<number, string>({ one: async () => 'one', many: async () => ['1'] });
    const outcomes = await Promise.allSettled([1, 2].map(query));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('against Postgres', () => {
  let server: Embedded;
  let pool: pg.Pool;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    server = await sharedEmbedded();
    const instance = await createInstance(server, { role: 'batch', apply: async () => undefined });
    drop = instance.drop;
    pool = new pg.Pool({ connectionString: instance.url, max: 8 });
    await pool.query('create table used (run int, id int, primary key (run, id), check (id <> 13))');
  });
  afterAll(async () => {
    await pool.end();
    await drop();
    await server.stop();
  });

  const USE = defineQuery<{ fresh: boolean }>({
    name: 'test_use',
    text: `with used_now as (insert into used values ($1, $2) on conflict do nothing returning id)
      select exists (select from used_now) as fresh`,
  });
  const USE_MANY = defineQuery<{ fresh: boolean }>({
    name: 'test_use_many',
    text: `with input as (select * from unnest($1::int[], $2::int[]) with ordinality as i (run, id, n)), used_now as (
      insert into used select run, id from input order by run, id on conflict do nothing returning run, id
    ) select u.id is not null as fresh from input i left join used_now u using (run, id) order by n`,
  });
  type Used = readonly [run: number, id: number];
  const one = async (input: Used): Promise<boolean> => (await runForRow(pool, USE, input)).fresh;
  const use = batched<Used, boolean>({
    one,
    many: async (inputs) =>
      (await run(pool, USE_MANY, [inputs.map(([run]) => run), inputs.map(([, id]) => id)])).map(({ fresh }) => fresh),
    keysOf: ([run, id]) => [`${run}|${id}`],
  });

  test('each key is fresh for exactly one of its concurrent uses, and a bad input harms no other', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 16 }), { maxLength: 60 }), async (ids) => {
        const [together, singly] = [++round, ++round];
        const outcomes = await Promise.allSettled(ids.map((id) => use([together, id])));
        const expected = [];
        for (const id of ids) expected.push(await Promise.allSettled([one([singly, id])]));
        for (const id of new Set(ids)) {
          const of = (all: readonly PromiseSettledResult<boolean>[]) =>
            ids
              .flatMap((each, index) => (each === id ? [all[index]] : []))
              .map((it) => (it?.status === 'fulfilled' ? String(it.value) : 'failed'))
              .toSorted();
          expect(of(outcomes)).toEqual(of(expected.flat()));
        }
      }),
      { numRuns: 30 },
    );
  });
});
