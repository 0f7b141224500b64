import { deadlineIn, OutboundError } from '@chatelaine/outbound-http';
import { displayText, parseJson } from '@chatelaine/protocol';
import { memberOf, type Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import { bytesOf, callForAccount, type Credential } from '../upstream/index.ts';

export type Whose =
  | { readonly kind: 'account'; readonly account: string; readonly label: string }
  | { readonly kind: 'failed'; readonly reason: string };

const SECONDS = 5;
const LABEL_CHARS = 100;

/** Asks a service which account a credential is for: by the token response, or by one request. */
export async function whoseAccount(
  deps: Pick<Deps, 'outbound' | 'clock' | 'config' | 'skews'>,
  { service, credential, answer }: { service: Service; credential: Credential; answer: unknown },
): Promise<Whose> {
  const { request, id, label } = service.account;
  const said = request === undefined ? answer : await ask(deps, service, credential);
  const account = memberOf(said, id);
  if ((typeof account !== 'string' && typeof account !== 'number') || account === '')
    return { kind: 'failed', reason: 'the service did not say whose account it is' };
  const name = displayText(LABEL_CHARS).safeParse(memberOf(said, label));
  return { kind: 'account', account: String(account), label: name.success ? name.data : String(account) };
}

/** The answer; undefined if it is not usable. */
async function ask(
  deps: Pick<Deps, 'outbound' | 'clock' | 'config' | 'skews'>,
  service: Service,
  credential: Credential,
): Promise<unknown> {
  try {
    const answer = await callForAccount(deps, { service, signal: deadlineIn(SECONDS) }, credential);
    if (answer === null) return undefined;
    const parsed = parseJson(await bytesOf(answer));
    return answer.status === 200 && parsed.kind === 'json' ? parsed.value : undefined;
  } catch (error) {
    if (error instanceof OutboundError) return undefined;
    throw error;
  }
}
