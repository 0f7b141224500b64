import type { Field } from './fields.ts';

/**
 * The configuration cannot be used. The message has one sentence per problem, and never a value, which may be a secret.
 */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The values of the fields in a spec. */
export type Env<Spec> = { [Name in keyof Spec]: Spec[Name] extends Field<infer T> ? T : never };

/**
 * Reads all variables of a spec. An empty variable counts as not set.
 *
 * @throws ConfigError naming every variable that is missing or wrong, so that the operator learns of all in one start
 */
export function readEnv<Spec extends Record<string, Field<unknown>>>(
  env: Readonly<Record<string, string | undefined>>,
  spec: Spec,
): Env<Spec> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(spec)) {
    const given = env[name];
    if (given === undefined || given === '') {
      if (field.fallback) values[name] = field.fallback.value;
      else problems.push(`${name} is not set.`);
      continue;
    }
    const parsed = field.read(given);
    if (parsed.kind === 'value') values[name] = parsed.value;
    else problems.push(`${name} ${parsed.because}.`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Env<Spec>;
}
