import net from 'node:net';
import { afterEach, beforeEach } from '@jest/globals';
import { Browser, eventually } from '@chatelaine/test-kit';
import { startService, type TestService, type TestServiceOptions } from '../support/service.ts';

export let service: TestService;
export let browser: Browser;

async function start(options: TestServiceOptions = {}): Promise<void> {
  service = await startService(options);
  browser = new Browser(service.origin);
}

export async function restart(options: TestServiceOptions): Promise<void> {
  await service.app.close();
  await start(options);
}

export const JSON_TYPE = { 'content-type': 'application/json' };
export const HTML = { accept: 'text/html,application/xhtml+xml' };

/** Resolves once the server refuses new connections. */
export async function refused(): Promise<void> {
  const port = Number(new URL(service.origin).port);
  await eventually(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(false)).on('error', () => resolve(true));
        socket.on('connect', () => socket.destroy());
      }),
  );
}

export function scene(): void {
  beforeEach(() => start());
  afterEach(() => service.app.close());
}
