import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@chatelaine/test-kit';
import sharp from 'sharp';
import { type Owner, TestDeployment } from '../support/deployment.ts';
import type { Requester } from '../support/requester.ts';

export type Answer = (response: http.ServerResponse) => void;

/** The server of the apps' icons: the answer for each path, as its test sets it. */
export const answers = new Map<string, Answer>();
/** The paths that were requested there. */
export const asked: string[] = [];
const site = http.createServer((request, response) => {
  asked.push(request.url ?? '');
  const answer = answers.get(request.url ?? '');
  if (answer === undefined) response.writeHead(404).end();
  else answer(response);
});
site.listen(0, '127.0.0.1');
await once(site, 'listening');
const origin = `http://icons.localhost:${(site.address() as AddressInfo).port}`;

export const deployment = await TestDeployment.build({ reachable: [origin] });
export async function close(): Promise<void> {
  await deployment.close();
  site.closeAllConnections();
  site.close();
}

export const plain = (side: number, colour: string) =>
  sharp({ create: { width: side, height: side, channels: 4, background: colour } });
export const served =
  (bytes: Uint8Array, type = 'image/png'): Answer =>
  (response) =>
    response.writeHead(200, { 'content-type': type }).end(bytes);

let count = 0;
/** The address of an icon that is answered with `answer`. */
export function at(answer: Answer): string {
  const path = `/icon-${++count}`;
  answers.set(path, answer);
  return `${origin}${path}`;
}
export const app = (logo_uri: string): Requester =>
  deployment.requester({ name: 'Lifestream', document: { logo_uri } });
/** Resolves when the icon was fetched, or failed to be. */
export const settled = (uri: string) =>
  eventually(async () => {
    const [row] = await deployment.rows<{ id: string | null }>(
      'select id from icon where uri = $1 and due_at is null',
      [uri],
    );
    return row;
  });
export const shownIn = (text: string): string | null =>
  /<img class="initial" src="\/icons\/([^"]+)"/.exec(text)?.[1] ?? null;
export const consent = async (requester: Requester, { browser }: Owner) => browser.get((await requester.push()).path);
