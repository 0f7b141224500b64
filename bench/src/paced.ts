import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, type Prepared, send } from './requests.ts';

/** The result of one request of a steady stream. */
export interface Sent {
  /** Milliseconds of `performance.now()`. */
  readonly began: number;
  readonly took: number;
  /** 0: there was no answer. */
  readonly status: number;
  /** `error_description`. */
  readonly said: string;
}

const TICK_MS = 4;
/** Connections that are kept open, as a proxy or a busy program does. */
const CONNECTIONS = 600;

/** Sends requests at a steady pace, whether or not earlier ones have been answered. */
export async function sendPaced(port: number, requests: readonly Prepared[], perSecond: number): Promise<Sent[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS, maxFreeSockets: CONNECTIONS });
  await open(port, agent, Math.min(CONNECTIONS, Math.ceil(perSecond)));
  const sending: Promise<Sent>[] = [];
  const began = performance.now();
  while (sending.length < requests.length) {
    const due = Math.min(requests.length, Math.ceil(((performance.now() - began) / 1_000) * perSecond));
    for (const request of requests.slice(sending.length, due)) sending.push(sendOne(port, request, agent));
    await pause(TICK_MS);
  }
  const sent = await Promise.all(sending);
  agent.destroy();
  return sent;
}

/** Opens this many connections at once, each with a request that always succeeds. */
async function open(port: number, agent: http.Agent, count: number): Promise<void> {
  const request = { method: 'GET', path: '/healthz', host: `127.0.0.1:${port}`, headers: {}, body: '' } as const;
  await Promise.all(Array.from({ length: count }, () => send(port, request, agent)));
}

async function sendOne(port: number, request: Prepared, agent: http.Agent): Promise<Sent> {
  const began = performance.now();
  const { status, json } = await send(port, request, agent).catch(() => ({ status: 0, json: {} as Answer['json'] }));
  const { error_description: said } = json;
  return { began, took: performance.now() - began, status, said: typeof said === 'string' ? said : '' };
}

/** How long the requests with this status took, in milliseconds. */
export const tookWith = (sent: readonly Sent[], status: number): number[] =>
  sent.filter((one) => one.status === status).map(({ took }) => took);
