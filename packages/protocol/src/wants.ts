import { z } from 'zod';
import { displayText, uri } from './display.ts';
import { parseJson } from './json.ts';
import { LIMIT } from './lifetimes.ts';
import { formatScope, parseScope } from './scope.ts';
import { TRANSFER_SCOPE } from './urns.ts';

/**
 * What something is wanted for, in the Requester's words: shown to the owner in quotes, and not interpreted. PROTOCOL
 * §3.1.
 */
export const purposeSchema = displayText(LIMIT.purposeChars);

const wantSchema = z.strictObject({
  /** As in a request, without repeats; never `transfer`, which every connection has. */
  scope: z
    .string()
    .max(LIMIT.fieldChars)
    .refine((text) => {
      const scope = parseScope(text);
      return scope !== null && formatScope(scope) === text && !scope.includes(TRANSFER_SCOPE);
    }),
  /** Where it is wanted; without it, at any Host that has such a scope. */
  resource: uri.optional(),
  purpose: purposeSchema,
});

/** One thing that a Requester would like to ask for, once it is connected. PROTOCOL §2.4. */
export type Want = z.infer<typeof wantSchema>;

const isTwice = (wants: readonly Want[]): boolean => {
  const named = wants.flatMap(({ scope, resource = '' }) => scope.split(' ').map((each) => `${each} ${resource}`));
  return new Set(named).size < named.length;
};

/**
 * What a Requester would like to ask for: a hint for the owner's page, not a request. Nothing is named twice. PROTOCOL
 * §2.4.
 */
export const wantsSchema = z
  .array(wantSchema)
  .min(1)
  .max(LIMIT.wants)
  .refine((wants) => !isTwice(wants));

/** Reads the parameter `chatelaine_wants` of a pushed request, a JSON text; null if it is anything else. */
export function parseWants(text: string): readonly Want[] | null {
  const json = parseJson(text);
  return json.kind === 'json' ? (wantsSchema.safeParse(json.value).data ?? null) : null;
}

/** How it is sent. */
export const formatWants = (wants: readonly Want[]): string => JSON.stringify(wants);
