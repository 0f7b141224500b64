import { createContext, runInContext } from 'node:vm';

type Listener = (event: object) => void;

/** A service worker without a browser: the notifications that it shows, and the pages that it opens. */
export interface RunWorker {
  /** Titles, each with the options of its notification. */
  readonly shown: (readonly [title: string, options: Readonly<Record<string, unknown>>])[];
  readonly opened: string[];
  /** @param data a string is delivered as it is; anything else as JSON */
  push(data: unknown): Promise<void>;
  /** Clicks the last notification. */
  click(): Promise<void>;
}

export function runWorker(source: string): RunWorker {
  const listeners = new Map<string, Listener>();
  const shown: RunWorker['shown'] = [];
  const opened: string[] = [];
  runInContext(
    source,
    createContext({
      addEventListener: (name: string, listener: Listener) => void listeners.set(name, listener),
      registration: {
        // from the realm of the worker, whose objects have other prototypes
        showNotification: async (title: string, options: object) =>
          void shown.push([title, JSON.parse(JSON.stringify(options)) as Record<string, unknown>]),
      },
      clients: { openWindow: async (path: string) => void opened.push(path) },
    }),
  );
  const happen = async (name: string, event: object): Promise<void> => {
    let done: unknown;
    listeners.get(name)?.({ ...event, waitUntil: (work: unknown) => void (done = work) });
    await done;
  };
  return {
    shown,
    opened,
    push: (data) => {
      const text = typeof data === 'string' ? data : JSON.stringify(data);
      return happen('push', { data: { json: (): unknown => JSON.parse(text) } });
    },
    click: () =>
      happen('notificationclick', { notification: { close: () => undefined, data: shown.at(-1)?.[1]['data'] } }),
  };
}
