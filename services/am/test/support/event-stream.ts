import http from 'node:http';
import type { Browser } from '@chatelaine/test-kit';

/** The event stream of a page. */
export interface EventStream {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Everything received so far. */
  readonly text: () => string;
  /** How many change events were received. */
  readonly changes: () => number;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  readonly hasEnded: () => boolean;
  close(): void;
}

/** Opens a stream with this browser's session; resolves when the answer has begun. */
export function listen(browser: Browser, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const sent = { cookie, accept: 'text/event-stream', ...headers };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: browser.port, path: '/changes', headers: sent, agent: false };
    const request = http.request(options, (response) => resolve(streamOf(request, response)));
    request.on('error', reject);
    request.end();
  });
}

function streamOf(request: http.ClientRequest, response: http.IncomingMessage): EventStream {
  const { statusCode: status = 0, headers } = response;
  let text = '';
  let over = false;
  response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
  const ended = new Promise<void>((end) => {
    const gone = (): void => {
      over = true;
      end();
    };
    response.once('end', gone).once('error', gone).once('close', gone);
  });
  return {
    status,
    headers,
    text: () => text,
    changes: () => text.split('data: changed\n\n').length - 1,
    ended,
    hasEnded: () => over,
    close: () => void request.destroy(),
  };
}
