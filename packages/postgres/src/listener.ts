import pg from 'pg';

export interface ListenerOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  readonly channel: string;
  readonly onMessage: (payload: string) => void;
  /** It listens again. Notifications sent since the connection broke are lost. */
  readonly onReconnected: () => void;
  readonly onError: (error: unknown) => void;
}

export interface Listener {
  close(): Promise<void>;
}

/** An idle connection may be dead without our knowing, so it is asked for a sign of life. */
const LOOK_EVERY_MS = 20_000;
const ANSWER_WITHIN_MS = 10_000;
const WAIT_MS = { first: 250, longest: 5_000 };

/** Listens on a channel, on a connection of its own, and reconnects whenever that breaks until it is closed. */
export function openListener(options: ListenerOptions): Listener {
  const { onReconnected, onError } = options;
  let closed = false;
  let failures = 0;
  let waiting: NodeJS.Timeout | undefined;
  let current: pg.Client | undefined;

  const begin = async (): Promise<void> => {
    const client = clientOf(options);
    current = client;
    const timer: { looking?: NodeJS.Timeout } = {};
    const broke = (error: unknown): void => {
      if (current !== client) return;
      current = undefined;
      clearInterval(timer.looking);
      void client.end().catch(ignore);
      if (closed) return;
      onError(error);
      waiting = setTimeout(() => void begin(), Math.min(WAIT_MS.first * 2 ** failures, WAIT_MS.longest));
      failures += 1;
    };
    client.on('error', broke);
    client.on('end', () => broke(new Error('The connection that listens has ended.')));
    try {
      await client.connect();
      await client.query(`listen ${pg.escapeIdentifier(options.channel)}`);
    } catch (error) {
      broke(error);
      return;
    }
    if (current !== client) return;
    timer.looking = setInterval(() => void client.query('select 1').catch(broke), LOOK_EVERY_MS);
    if (failures > 0) onReconnected();
    failures = 0;
  };

  void begin();
  return {
    async close() {
      closed = true;
      clearTimeout(waiting);
      await current?.end().catch(ignore);
    },
  };
}

function clientOf({ url, name, onMessage }: ListenerOptions): pg.Client {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    keepAlive: true,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  });
  client.on('notification', ({ payload = '' }) => onMessage(payload));
  return client;
}

const ignore = (): void => undefined;
