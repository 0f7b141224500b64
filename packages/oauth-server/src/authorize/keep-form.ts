import { sha256 } from '@chatelaine/crypto';
import { type FormParams, formatForm, LIMIT } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { requestHash } from './request-hash.ts';
import type { Interaction } from './start.ts';

/**
 * Keeps what a browser has filled in while it is elsewhere, to sign in, say: with the request, and no longer than that
 * waits. It is no answer, and is read by nobody but that browser. More than fits is not kept.
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
