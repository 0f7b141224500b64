import type { ReplayGuard } from '@chatelaine/oauth-server';
import { batched, type BatchOptions } from '@chatelaine/postgres';

/** The guards are burned, and nothing else has been done. */
export const BURNED_ONLY = 'burned only';

interface StepOptions<Input, Outcome> extends BatchOptions<Input, Outcome | typeof BURNED_ONLY> {
  readonly one: (input: Input) => Promise<Outcome>;
}

/**
 * A step whose statement for many does the usual case only. An input that it leaves at {@link BURNED_ONLY} goes through
 * the single statement, its guards already burned. ADR 0024.
 */
export function batchedStep<Input extends { readonly guards: readonly ReplayGuard[] }, Outcome>(
  options: StepOptions<Input, Outcome>,
): (input: Input) => Promise<Outcome> {
  const together = batched(options);
  return async (input) => {
    const outcome = await together(input);
    return outcome === BURNED_ONLY ? options.one({ ...input, guards: [] }) : outcome;
  };
}
