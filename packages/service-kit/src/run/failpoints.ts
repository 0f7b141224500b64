import type { Parsed } from '../env/fields.ts';

/** A point at which a test may let the process end by SIGKILL. If it is not armed, nothing happens. */
export type Failpoint<Name extends string> = (name: Name) => Promise<void>;

/** The process ends when `name` is passed for the `times`-th time. */
export interface ArmedFailpoint<Name extends string> {
  readonly name: Name;
  readonly times: number;
}

const MOST_TIMES = 1_000_000;

/**
 * Reads `name` or `name:times`, several separated by commas; for {@link readEnv}. Refuses a name that is not among
 * `names`.
 */
export function failpointsField<const Name extends string>(names: readonly Name[]) {
  return {
    read(text: string): Parsed<readonly ArmedFailpoint<Name>[]> {
      const armed: ArmedFailpoint<Name>[] = [];
      for (const part of text.split(',')) {
        const [given, count = '1'] = part.trim().split(':');
        const name = names.find((one) => one === given);
        const times = /^\d{1,7}$/.test(count) ? Number(count) : 0;
        if (name === undefined || times < 1 || times > MOST_TIMES)
          return { kind: 'wrong', because: `must be name or name:times, of ${names.join(', ')}` };
        armed.push({ name, times });
      }
      return { kind: 'value', value: armed };
    },
  };
}

/** Has no effect unless something is armed. Outside demo mode a service refuses to start with armed failpoints. */
export function createFailpoints<Name extends string>(armed: readonly ArmedFailpoint<Name>[]): Failpoint<Name> {
  const left = new Map(armed.map(({ name, times }) => [name, times]));
  return async (name) => {
    const times = left.get(name);
    if (times === undefined) return;
    left.set(name, times - 1);
    if (times > 1) return;
    // as in a crash: nothing is flushed, closed or answered
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  };
}
