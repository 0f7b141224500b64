import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import { world, host } from './scene.ts';

export function metadata(): void {
  describe('what a Host says of itself', () => {
    test('its metadata lists exactly what works, on its own origin', async () => {
      const { json, headers } = await send(host.port, { path: '/.well-known/oauth-authorization-server' });
      expect(json).toMatchObject({
        issuer: host.issuer,
        token_endpoint: `${host.issuer}/token`,
        require_pushed_authorization_requests: true,
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
        protected_resources: [`${host.issuer}/api`],
        client_id_metadata_document_supported: true,
        chatelaine_transfer_scopes: { 'entries.read': 'Read your entries', 'entries.write': 'Add entries for you' },
        // only for scopes whose access the app declares
        chatelaine_transfer_scope_access: { 'entries.read': 'read' },
      });
      expect(json).not.toHaveProperty('registration_endpoint');
      expect(headers['content-type']).toContain('application/json');
      expect((await send(host.port, { method: 'POST', path: '/register' })).status).toBe(404);
    });

    test('its resource document names the very resource and who gives tokens for it', async () => {
      const { json } = await send(host.port, { path: '/.well-known/oauth-protected-resource/api' });
      expect(json).toEqual({
        resource: `${host.issuer}/api`,
        authorization_servers: [host.issuer],
        scopes_supported: ['entries.read', 'entries.write'],
        bearer_methods_supported: ['header'],
        resource_name: 'Photos',
        dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'],
        dpop_bound_access_tokens_required: true,
      });
      const refused = await send(host.port, { method: 'POST', path: '/.well-known/oauth-protected-resource/api' });
      expect([refused.status, refused.headers.allow]).toEqual([405, 'GET']);
    });
  });

  test('it brings its own tables, and starts again on them', async () => {
    const fresh = await world.host({ empty: true, options: { migrate: true } });
    await world.am.link(fresh);
    expect((await fresh.app.chatelaine.access('alice')).length).toBe(1);
    await fresh.app.close();
  });

  test('settings that cannot be meant are refused at start, in a sentence', async () => {
    for (const [options, sentence] of [
      [{ issuer: 'http://photos.example', demo: false }, 'issuer must be an https origin'],
      [{ issuer: 'https://photos.example/' }, 'issuer must be an https origin'],
      [{ resource: 'https://other.example/api' }, 'resource must be a URL on the origin'],
      [{ scopes: {} }, 'at least one scope'],
      [{ scopes: { transfer: 'Everything' } }, '"transfer" cannot be a scope'],
      [{ scopes: { 'two words': 'x' } }, '"two words" cannot be a scope'],
    ] as const) {
      await expect(world.host({ options })).rejects.toThrow(sentence);
    }
  });
}
