import { describe, expect, test } from '@jest/globals';
import { makeLink } from '../support/world.ts';
import { add, NEUTRAL, other, person, world } from './scene.ts';

/** Which metadata of a Host is accepted. */
export function metadataOfHosts(): void {
  describe('adding a Host', () => {
    const many = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`scope.${at}`, 'Read']));
    test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
      ['another issuer than its address', (m) => ({ ...m, issuer: 'https://photos.example' })],
      ['its issuer with a slash', (m) => ({ ...m, issuer: `${String(m['issuer'])}/` })],
      ['no object', () => ['x']],
      ['nothing', () => null],
      // PostgreSQL stores no NUL in text
      ['a scope with NUL', (m) => ({ ...m, scopes_supported: ['a\0b'] })],
      ['half a character', (m) => ({ ...m, response_modes_supported: ['\ud800'] })],
      ['what is no scope as one to share', (m) => ({ ...m, chatelaine_transfer_scopes: { 'a\0b': 'Read' } })],
      ['more to share than can be asked for', (m) => ({ ...m, chatelaine_transfer_scopes: many(101) })],
      ['an array as issuer', (m) => ({ ...m, issuer: [m['issuer']] })],
    ])('a server that names %s gets the neutral sentence', async (_name, metadata) => {
      world.host.behaviour.metadata = metadata;
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(page.words).toContain(NEUTRAL);
    });

    test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
      ['token_endpoint', (m) => ({ ...m, token_endpoint: `${other.issuer}/token` })],
      ['authorization_endpoint', (m) => ({ ...m, authorization_endpoint: `${other.issuer}/authorize` })],
      [
        'pushed_authorization_request_endpoint',
        (m) => ({ ...m, pushed_authorization_request_endpoint: `${other.issuer}/par` }),
      ],
      ['revocation_endpoint', (m) => ({ ...m, revocation_endpoint: `${other.issuer}/revoke` })],
    ])('a Host that names another’s %s is refused and harvests no assertion', async (_name, metadata) => {
      const before = other.calls.length;
      world.host.behaviour.metadata = metadata;
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(page.words).toContain('another address than its own');
      expect(other.calls.length).toBe(before);
    });

    test.each<[string, (metadata: Record<string, unknown>) => unknown]>([
      ['PKCE', (m) => ({ ...m, code_challenge_methods_supported: ['plain'] })],
      ['DPoP', (m) => ({ ...m, dpop_signing_alg_values_supported: undefined })],
      ['token exchange', (m) => ({ ...m, grant_types_supported: ['authorization_code', 'refresh_token'] })],
      ['the issuer in its', (m) => ({ ...m, authorization_response_iss_parameter_supported: false })],
    ])('a Host without %s is told what it lacks; nothing weaker is tried', async (lacks, metadata) => {
      const before = world.host.callsOf('/par').length;
      world.host.behaviour.metadata = metadata;
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(page.words).toContain('not compatible');
      expect(page.words).toContain(lacks);
      expect(world.host.callsOf('/par').length).toBe(before);
    });

    test('a resource that is not the one fetched is refused', async () => {
      world.host.behaviour.resource = (resource) => ({ ...resource, resource: `${other.issuer}/api` });
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(page.words).toContain('does not describe its own resources');
    });

    test('a Host that redirects is not followed', async () => {
      const before = other.calls.length;
      const real = other.behaviour;
      world.host.behaviour.par = () => ({ status: 307, headers: { location: `${other.issuer}/par` } });
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(other.calls.length).toBe(before);
      other.behaviour = real;
    });

    test('what a Host calls itself is text on our pages, and cannot hide', async () => {
      world.host.behaviour.metadata = (m) => ({
        ...m,
        chatelaine_name: '<script>alert(1)</script>',
        chatelaine_transfer_scopes: { 'photos.read': '<img src=x onerror=alert(1)>' },
      });
      const page = await add(world.host.issuer);
      expect(page.status).toBe(200);
      expect(page.text).not.toContain('<script>');
      expect(page.text).not.toContain('<img');
      world.host.behaviour.metadata = (m) => ({ ...m, chatelaine_name: 'G\u202eelgoo' });
      const turned = await add(world.host.issuer);
      expect(turned.status).toBe(400);
      expect(turned.text).not.toContain('elgoo');
    });

    test('a linked Host whose endpoints move is not silently followed; its row stays', async () => {
      await makeLink(world, person);
      const stored = async () =>
        (await world.pool.query('select metadata from host where issuer = $1', [world.host.issuer])).rows[0]?.metadata;
      const before = await stored();
      world.host.behaviour.metadata = (m) => ({ ...m, token_endpoint: `${world.host.issuer}/new-token` });
      const page = await add(world.host.issuer);
      expect(page.status).toBe(400);
      expect(page.words).toContain('have changed, while people are linked to it');
      expect(await stored()).toEqual(before);
    });
  });
}
