import type { Person } from '@chatelaine/constellation';
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LOOPBACK_NAMES, openMcpDemo, type McpDemo } from '../../scripts/example-mcp/demo.ts';
import { conformance } from './mcp/conformance.ts';
import { type McpWorld, otherClients } from './mcp/other-clients.ts';
import { discovery } from './mcp/discovery.ts';
import { approve } from './support/approve.ts';
import { eventually } from '@chatelaine/test-kit';
import { clientMetadata, createMcpApp, type McpApp } from './support/mcp-app.ts';
import { type ClientDocuments, serveClientDocuments } from './support/stock/client-documents.ts';

// two instances of examples/mcp-server, started by its command, and the client of the official SDK with its own OAuth,
// which knows nothing of an AM

const REDIRECT_URI = 'http://127.0.0.1:49153/callback';
const SCOPES = ['notes.read', 'notes.write'];
const NOTES = { Bread: '500 g flour, 350 g water', Keys: 'Under the flower pot' };

const open = new AsyncDisposableStack();
let demo: McpDemo;
let robin: Person;
let documents: ClientDocuments;
const apps: McpApp[] = [];

beforeAll(async () => {
  const person = { username: 'robin', password: 'correct horse battery', stopsAt: [REDIRECT_URI] };
  demo = await openMcpDemo(open, {
    servers: ['notes', 'diary'],
    hostnames: LOOPBACK_NAMES,
    secureGuests: ['apps'],
    person,
    notes: NOTES,
    label: 'mcp',
  });
  robin = demo.person;
  documents = await serveClientDocuments(demo.deployment.guest('apps'));
});

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await documents?.close();
  await open.disposeAsync();
});

function newApp(name: string, documentUrl?: string): McpApp {
  const app = createMcpApp({
    name,
    redirectUri: REDIRECT_URI,
    fetch: demo.deployment.fetch,
    ...(documentUrl !== undefined && { documentUrl }),
  });
  apps.push(app);
  return app;
}

const mcpUrl = (index: 0 | 1): string => demo.servers[index]?.mcpUrl ?? '';
const call = async (client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> => {
  const { content } = await client.callTool({ name, arguments: args });
  return (content as { text: string }[]).map(({ text }) => text).join();
};

test('the MCP server refuses in words that the SDK understands', async () => {
  const refused = await demo.deployment.fetch(mcpUrl(0), { method: 'POST' });
  const well = `${demo.servers[0]?.url}/.well-known/oauth-protected-resource/mcp`;
  expect(extractWWWAuthenticateParams(refused)).toEqual({
    resourceMetadataUrl: new URL(well),
    scope: 'notes.read notes.write',
    error: undefined,
  });
  const read = await demo.deployment.fetch(well);
  const document = (await read.json()) as { authorization_servers: string[] };
  expect(document.authorization_servers).toEqual([demo.deployment.am.url, demo.servers[0]?.url]);
  // a client in a web page can read all of it, too
  const preflight = await demo.deployment.fetch(mcpUrl(0), {
    method: 'OPTIONS',
    headers: { origin: 'https://inspector.example', 'access-control-request-method': 'POST' },
  });
  expect(preflight.status).toBe(204);
  for (const answer of [refused, read, preflight]) expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

test('whoever signs in at the MCP server stays there, however a way elsewhere is spelled', async () => {
  const { username, password } = robin;
  for (const [wanted, found] of [
    ['/authorize?client_id=x', '/authorize?client_id=x'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['https://evil.example', '/'],
  ] as const) {
    const body = new URLSearchParams({ username, password, return_to: wanted });
    const answer = await demo.deployment.fetch(`${demo.servers[0]?.url}/sign-in`, {
      method: 'POST',
      body,
      redirect: 'manual',
    });
    expect([wanted, answer.status, answer.headers.get('location')]).toEqual([wanted, 303, found]);
  }
});

const worldOf = (): McpWorld => ({ demo, redirectUri: REDIRECT_URI, mcpUrl: mcpUrl(0) });
discovery(worldOf);
otherClients(worldOf);

describe('a program of its person’s own', () => {
  conformance(() => ({
    mcpUrl: mcpUrl(0),
    async token() {
      const app = newApp('Inspector');
      await app.connect(mcpUrl(0), (address) => approve(robin, address, SCOPES));
      return app.kept(mcpUrl(0)).tokens?.access_token ?? '';
    },
  }));
});

const publish = (name: string): string =>
  documents.publish(`${name.toLowerCase()}.json`, clientMetadata({ name, redirectUri: REDIRECT_URI }));

describe.each([
  ['by its document over https', 'Secretary', publish],
  ['by registering', 'Butler', null],
])('the SDK’s client, known %s', (_how, name, identify) => {
  let app: McpApp;
  let client: Client;
  let diary: Client;

  test('finds the AM by the refusal of the MCP server, and connects once its person agreed', async () => {
    app = newApp(name, identify?.(name));
    client = await app.connect(mcpUrl(0), (address) => approve(robin, address, SCOPES));
    const [opened] = app.kept(mcpUrl(0)).opened;
    expect(opened?.origin).toBe(demo.deployment.am.url);
    expect(opened?.searchParams.get('resource')).toBe(mcpUrl(0));
    expect(app.kept(mcpUrl(0)).tokens).toMatchObject({
      access_token: expect.stringMatching(/^cha_at_/),
      token_type: 'Bearer',
      scope: 'notes.read notes.write',
      issuer: demo.deployment.am.url,
    });
  });

  test('has the tools, reads and writes', async () => {
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual([
      'list_notes',
      'read_note',
      'write_note',
    ]);
    expect(await call(client, 'read_note', { title: 'Bread' })).toBe(NOTES.Bread);
    await call(client, 'write_note', { title: 'Milk', text: 'Two litres' });
    await robin.visit(demo.servers[0]?.url ?? '');
    expect(robin.page.text).toContain(`written by ${name}`);
  });

  test('gets a new token without anybody when its own is good no longer', async () => {
    const kept = app.kept(mcpUrl(0));
    const before = kept.tokens?.access_token;
    if (kept.tokens) kept.tokens = { ...kept.tokens, access_token: 'gone' };
    expect(await call(client, 'list_notes')).toContain('Bread');
    expect(kept.tokens?.access_token).toMatch(/^cha_at_/);
    expect(kept.tokens?.access_token).not.toBe(before);
    expect(kept.opened).toHaveLength(1);
  });

  test('may ask for several new tokens at once, as it does for calls side by side', async () => {
    const kept = app.kept(mcpUrl(0));
    for (let round = 0; round < 2; round++) {
      if (kept.tokens) kept.tokens = { ...kept.tokens, access_token: 'gone' };
      const answers = await Promise.all(Array.from({ length: 4 }, () => call(client, 'list_notes')));
      expect(answers.every((answer) => answer.includes('Bread'))).toBe(true);
    }
    expect(kept.opened).toHaveLength(1);
  });

  test('needs for a second MCP server consent but no new sign-in; where only reading is allowed, reads', async () => {
    let asked = '';
    diary = await app.connect(mcpUrl(1), async (address) => {
      asked = (await robin.visit(address)).url.pathname;
      return approve(robin, address, ['notes.read']);
    });
    expect(asked).toBe('/authorize');
    expect((await diary.listTools()).tools.map((tool) => tool.name)).toEqual(['list_notes', 'read_note']);
    expect(await call(diary, 'read_note', { title: 'Keys' })).toBe(NOTES.Keys);
  });

  test('is refused once its person stopped it at the AM, and must ask the person again', async () => {
    const kept = app.kept(mcpUrl(0));
    await robin.visit(`${demo.deployment.am.url}/apps`);
    await robin.press(`Stop ${name}`, {}, { near: 'Notes: my Notes' });
    await eventually(() => call(client, 'list_notes').catch(() => 'refused'), {
      until: (answer) => answer === 'refused',
    });
    expect(kept.tokens).toBeUndefined();
    expect(kept.opened.length).toBeGreaterThan(1);
    // with its document it is one client at both servers; when it registers, it is a different client at each
    const diaryAnswers = () => call(diary, 'list_notes').catch(() => 'refused');
    if (identify) await eventually(diaryAnswers, { until: (answer) => answer === 'refused' });
    else expect(await diaryAnswers()).toContain('Keys');
  });
});
