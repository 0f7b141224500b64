import { sha256 } from '@chatelaine/crypto';
import { type FormParams, formatForm, LIMIT } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { requestHash } from './request-hash.ts';
import type { Interaction } from './start.ts';

/**
 * Keeps what a browser has filled in while its person is elsewhere, signing in for instance. It is kept with the
 * request and for as long as the request waits. It is not an answer, and only that browser can read it. What does not
 * fit is not kept.
 */
export async function keepForm(
  { storage }: Pick<ServerDeps, 'storage'>,
  input: { interaction: Pick<Interaction, 'client' | 'requestUri'>; browser: string; form: FormParams },
): Promise<void> {
  const { interaction, browser } = input;
  const form = formatForm(Object.fromEntries(input.form));
  if (form.length > LIMIT.keptFormBytes) return;
  const { client, requestUri } = interaction;
  await storage.keepForm({ hash: requestHash(requestUri), clientId: client.id, browserHash: sha256(browser), form });
}
