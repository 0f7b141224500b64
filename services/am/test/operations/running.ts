import { eventually, freePort } from '@chatelaine/test-kit';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Am } from '../support/am-process.ts';
import { exchange } from '../support/requester.ts';
import { StockClient } from '../support/stock-client.ts';
import { ask, deployment, get, story } from './scene.ts';

/** What a running AM publishes about itself: metadata, metrics and readiness. */
export function runningProcess(): void {
  describe('an AM that reads no client documents (CLIENT_DOCUMENTS=none)', () => {
    test('lists no client documents, reads none, and says so; who registers is served', async () => {
      const am = await deployment.another({ config: { clientDocuments: 'none' } });
      const { json } = await get(am, '/.well-known/oauth-authorization-server');
      expect(json).toMatchObject({
        client_id_metadata_document_supported: false,
        chatelaine_requester_statements_supported: false,
      });
      expect(json).not.toHaveProperty('chatelaine_host_grant_supported');
      const client_id = 'https://app.example/client.json';
      const page = await get(am, `/authorize?${new URLSearchParams({ client_id, response_type: 'code' })}`);
      expect([page.status, page.text.includes('register the client instead')]).toEqual([400, true]);
      expect((await ask(story, am)).json['error']).toBe('invalid_client');
      const registered = await StockClient.register({ issuer: deployment.issuer, ports: [am.port] });
      const asked = await registered.ask(story.owner.browser.at(am.port), deployment.host.resource);
      expect((await story.owner.browser.at(am.port).get(asked.path)).status).toBe(200);
    });
  });

  describe('metrics', () => {
    let watched: Am;
    let metrics: string;
    beforeAll(async () => {
      const port = await freePort();
      watched = await deployment.another({
        failuresToOpen: 2,
        config: { metricsListener: { address: '127.0.0.1', port } },
      });
      metrics = `http://127.0.0.1:${port}/metrics`;
    });
    const read = async () => (await exchange(Number(new URL(metrics).port), { method: 'GET', path: '/metrics' })).text;

    test('say how transfers came out, how Hosts answered, what waits, and which Hosts are left alone', async () => {
      expect((await ask(story, watched)).status).toBe(200);
      expect((await ask(story, watched, 'photos.erase')).status).toBe(400);
      deployment.host.script = { transfer: () => ({ status: 500, json: { error: 'server_error' } }) };
      await ask(story, watched);
      await ask(story, watched);
      deployment.host.reset();
      const text = await read();
      expect(text).toContain('chatelaine_transfer_seconds_count{outcome="minted"} 1');
      expect(text).toContain('chatelaine_transfer_seconds_count{outcome="invalid_scope"} 1');
      expect(text).toContain('chatelaine_transfer_seconds_count{outcome="server_error"} 2');
      expect(text).toContain('chatelaine_host_call_seconds_count{outcome="ok"} 1');
      expect(text).toContain('chatelaine_host_call_seconds_count{outcome="oauth_error"} 2');
      expect(text).toContain('chatelaine_host_breakers{state="open"} 1');
      expect(text).toContain('chatelaine_revocations{state="pending"} 0');
      expect(text).toMatch(/chatelaine_database_connections\{state="idle"\} \d/);
    });

    test('name no Host, no Requester, no owner and no token', async () => {
      const text = await read();
      for (const name of [
        new URL(deployment.host.issuer).hostname,
        story.requester.clientId,
        story.owner.id,
        story.connection.id,
        story.connection.accessToken,
      ])
        expect(text).not.toContain(name);
    });
  });

  describe('/readyz', () => {
    test('says no when the database is not the one that this process was written for', async () => {
      const [am] = deployment.ams;
      await eventually(async () => (await get(am, '/readyz')).status === 200);
      const taken = await deployment.rows<{ name: string }>(
        `update _prisma_migrations set migration_name = '~' || migration_name where migration_name ~ 'key_rotation'
          returning migration_name as name`,
      );
      expect(taken).toHaveLength(1);
      await eventually(async () => (await get(am, '/readyz')).status === 503);
      expect((await get(am, '/readyz')).json['waiting_for']).toEqual(expect.arrayContaining(['migrations']));
      await deployment.rows(
        `update _prisma_migrations set migration_name = substr(migration_name, 2) where migration_name like '~%'`,
      );
      await eventually(async () => (await get(am, '/readyz')).status === 200);
    });
  });
}
