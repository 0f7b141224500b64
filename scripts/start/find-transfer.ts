import { type Exchange, headerOf, type DeployedService } from '@chatelaine/constellation';

export type Json = Readonly<Record<string, unknown>>;

/** What the Requester asked the AM for, in a request of its own or as an item of a batch call, and what it got. */
export interface Asked {
  readonly exchange: Exchange;
  /** How many tokens the batch call asked for; null for a request for one. PROTOCOL §3.1, §5 */
  readonly items: number | null;
  readonly connectionToken: string;
  readonly resource: string;
  readonly scope: string;
  readonly answer: Json;
}

/** One real transfer and the API call that it was for, as they passed the services' proxies. */
export interface Transfer {
  readonly host: DeployedService;
  /** Requester → AM. */
  readonly asked: Asked;
  /** AM → Host. */
  readonly minted: Exchange;
  /** Requester → Host. */
  readonly called: Exchange;
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const BATCH_PATH = '/transfers';

/** The transfer for this Host among these exchanges; null if none was completed. */
export function findTransfer(exchanges: readonly Exchange[], host: DeployedService): Transfer | null {
  const good = exchanges.filter(({ response }) => response.status === 200);
  const called = good.find((it) => it.service === host.name && it.request.path.startsWith('/api/'));
  const minted = good.find((it) => it.service === host.name && isExchange(it));
  if (called === undefined || minted === undefined) return null;
  const token = member(answerOf(minted), 'access_token');
  const asked = good
    .filter(({ service }) => service === 'am')
    .flatMap(askedIn)
    .find(({ answer }) => member(answer, 'access_token') === token);
  return asked === undefined ? null : { host, asked, minted, called };
}

const isExchange = ({ request }: Exchange): boolean =>
  request.path === '/token' && new URLSearchParams(request.body).get('grant_type') === TOKEN_EXCHANGE;

function askedIn(exchange: Exchange): Asked[] {
  if (exchange.request.path === BATCH_PATH) return itemsIn(exchange);
  if (!isExchange(exchange)) return [];
  const form = new URLSearchParams(exchange.request.body);
  const of = (name: string): string => form.get(name) ?? '(none)';
  const asked = { connectionToken: of('subject_token'), resource: of('resource'), scope: of('scope') };
  return [{ exchange, items: null, ...asked, answer: answerOf(exchange) }];
}

/** A batch call is answered with one document or, as here, with a line for each item. PROTOCOL §5 */
function itemsIn(exchange: Exchange): Asked[] {
  const { request, response } = exchange;
  const { transfers } = JSON.parse(request.body) as { transfers: readonly Json[] };
  const lines = response.body.split('\n').filter((line) => line !== '');
  const answers = lines.map((line) => JSON.parse(line) as Json);
  const connectionToken = (headerOf(request, 'authorization') ?? '').split(' ')[1] ?? '(none)';
  return transfers.flatMap((item) => {
    const answer = answers.find(({ id }) => id === item['id']);
    const asked = { connectionToken, resource: member(item, 'resource'), scope: member(item, 'scope') };
    return answer === undefined ? [] : [{ exchange, items: transfers.length, ...asked, answer }];
  });
}

export function answerOf({ response }: Exchange): Json {
  return JSON.parse(response.body) as Json;
}

export function member(json: Json, name: string): string {
  const value = json[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '(none)';
}
