import { readFile } from 'node:fs/promises';
import { isAmong, readTermsRecord, type TermsRecord } from '@chatelaine/crypto';
import { parseJson } from '@chatelaine/protocol';
import { type CommandResult, UsageError } from '@chatelaine/service-kit';
import { z } from 'zod';

/**
 * Key sets by the party they belong to: an AM's issuer, or a Requester's `client_id`. The AM exports them with a
 * record.
 */
const keysSchema = z.record(z.string(), z.object({ keys: z.array(z.unknown()) }));
type KeySets = z.infer<typeof keysSchema>;

/** The files may come from anybody: larger ones are not read. */
const MAX_CHARS = 1_048_576;

/**
 * Prints what a signed record of terms states, and which of it is proven. Needs no configuration, no database and no
 * network. Without the keys of both sides, it says of each signature that its key is not attested: anybody can make
 * such a record.
 *
 * @throws UsageError unless the arguments are a file, optionally followed by `--keys` and another file
 */
export async function verifyAgreement(args: readonly string[]): Promise<CommandResult> {
  const [file, flag, keyFile, ...more] = args;
  if (file === undefined || file.startsWith('--') || more.length > 0)
    throw new UsageError('Say which file holds the record.');
  if (flag !== undefined && (flag !== '--keys' || keyFile === undefined))
    throw new UsageError('The option is --keys FILE.');
  const text = (await read(file)).trim();
  const keys = keyFile === undefined ? {} : readKeys(await read(keyFile));
  const record = await readTermsRecord(text);
  if ('fault' in record) return { lines: [`This is no record of agreed terms: ${record.fault}.`], verdict: 'wrong' };
  const signers = [signer('The Requester', record, keys), signer('The authorization manager', record.proffer, keys)];
  const isWrong = signers.some(({ attested }) => attested === 'no');
  return { lines: [...sentences(record), ...signers.map(({ line }) => line)], ...(isWrong && { verdict: 'wrong' }) };
}

async function read(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
  if (text.length > MAX_CHARS) throw new UsageError(`${file} is too large.`);
  return text;
}

function readKeys(text: string): KeySets {
  const json = parseJson(text);
  const read = keysSchema.safeParse(json.kind === 'json' ? json.value : undefined);
  if (!read.success)
    throw new UsageError(
      'A file of keys is a JSON object of JWK Sets, each under the issuer or client_id whose it is.',
    );
  return read.data;
}

function sentences({ claims, proffer }: TermsRecord): string[] {
  const { accepted, iss, iat } = claims;
  const what =
    accepted === undefined
      ? `${iss} declined what was offered.`
      : `${iss} accepted ${accepted.uri} (SHA-256 ${accepted.digest}).`;
  const { terms } = proffer.claims;
  return [
    what,
    `Signed ${instant(iat)}, to the offer ${proffer.claims.jti} of ${proffer.claims.iss}, ` +
      `made ${instant(proffer.claims.iat)} for ${proffer.claims.sub}.`,
    `Offered: ${terms.map(({ uri }) => uri).join(', ')}.`,
  ];
}

const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

interface Verdict {
  readonly line: string;
  /** `unknown`: no keys of that side were given. */
  readonly attested: 'yes' | 'no' | 'unknown';
}

function signer(
  who: string,
  { claims: { iss }, key }: Pick<TermsRecord, 'claims' | 'key'> | TermsRecord['proffer'],
  keys: KeySets,
): Verdict {
  const published = keys[iss];
  if (published === undefined)
    return {
      line: `${who}’s signature fits the key it carries; key not attested: no keys of ${iss} were given.`,
      attested: 'unknown',
    };
  return isAmong(published.keys, key)
    ? { line: `${who}’s signature is by a key of ${iss}.`, attested: 'yes' }
    : { line: `${who}’s signature is by a key that is NOT among those of ${iss}.`, attested: 'no' };
}
