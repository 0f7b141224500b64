/** Entries of accounts at a stand-in, which can be read and added to. */
export interface Entry {
  readonly id: string;
  readonly text: string;
  readonly date: string;
}

/** Entries by account. */
export type Entries = Map<string, Entry[]>;

/** The API of both stand-ins, for the account of the token; null: there is no such path. */
export function apiAnswer(
  entries: Entries,
  { method, path, account, body }: { method: string; path: string; account: string; body: string },
): { readonly status: number; readonly json: unknown } | null {
  const own = entries.get(account) ?? [];
  entries.set(account, own);
  if (path === '/me' && method === 'GET') return { status: 200, json: { id: `u-${account}`, name: account } };
  if (path !== '/entries') return null;
  if (method === 'GET') return { status: 200, json: { entries: own } };
  if (method !== 'POST') return null;
  const { text, date = new Date().toISOString().slice(0, 10) } = JSON.parse(body) as Partial<Entry>;
  if (typeof text !== 'string') return { status: 400, json: { message: 'text is missing' } };
  const entry = { id: `e${own.length + 1}`, text, date };
  own.unshift(entry);
  return { status: 201, json: entry };
}
