import { describe, expect, test } from '@jest/globals';
import { outboundWith } from '../servers.ts';

export function destinations(): void {
  describe('only https to strangers (M1)', () => {
    test.each([
      'http://photos.example/',
      'ftp://photos.example/',
      'file:///etc/passwd',
      'data:application/json,{}',
      'gopher://photos.example/',
      'javascript:1',
      'ws://photos.example',
      'blob:https://photos.example/1',
      '',
      '/relative',
      '//photos.example',
      'https://',
      'not a url',
    ])('%p is refused before any name is looked up', async (url) => {
      const asked: string[] = [];
      const outbound = outboundWith({ resolve: (host) => Promise.reject(new Error(String(asked.push(host)))) });
      expect(outbound.check(url).kind).toBe('refused');
      expect(await outbound.fetchJson({ url })).toMatchObject({ kind: 'failed', reason: 'refused' });
      await expect(outbound.fetch(url)).rejects.toMatchObject({ name: 'OutboundError', reason: 'refused' });
      expect(asked).toEqual([]);
    });

    test.each([
      'https://user@photos.example/',
      'https://user:secret@photos.example/',
      'https://:secret@photos.example/',
      'https://photos.example@127.0.0.1/',
    ])('%p is refused: a URL carries no credentials', (url) => expect(outboundWith().check(url).kind).toBe('refused'));
  });

  describe('only public addresses, however they are spelled (M2, M3, M8)', () => {
    test.each([
      '127.0.0.1',
      '127.255.255.254',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '100.127.255.255',
      '0.0.0.0',
      '0.1.2.3',
      '192.0.0.1',
      '192.0.2.1',
      '192.88.99.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '239.1.1.1',
      '240.0.0.1',
      '255.255.255.255',
      '168.63.129.16',
      '127.1',
      '127.0.1',
      '0x7f000001',
      '0x7f.1',
      '0x7f.0x0.0x0.0x1',
      '2130706433',
      '017700000001',
      '0177.0.0.1',
      '127.0.0.1.',
      '１２７.０.０.１',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '0xa9fea9fe',
      '2852039166',
      '0250.077.0201.020',
      '[::1]',
      '[::]',
      '[0:0:0:0:0:0:0:1]',
      '[fd00::1]',
      '[fc00::1]',
      '[fe80::1]',
      '[fec0::1]',
      '[ff02::1]',
      '[fd00:ec2::254]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::ffff:10.0.0.1]',
      '[::127.0.0.1]',
      '[::7f00:1]',
      '[::ffff:0:127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b:1::7f00:1]',
      '[2002:7f00:1::]',
      '[2002:a9fe:a9fe::1]',
      '[2001:0:7f00:1::]',
      '[2001:db8::1]',
      '[3fff::1]',
      '[100::1]',
      '[5f00::1]',
      '[4000::1]',
    ])('https://%s/ is refused', async (host) => {
      const outbound = outboundWith();
      expect(outbound.check(`https://${host}/`).kind).toBe('refused');
      // not "unreachable": no connection was tried
      expect(await outbound.fetchJson({ url: `https://${host}/` })).toMatchObject({
        kind: 'failed',
        reason: 'refused',
      });
    });

    test.each([
      '1.1.1.1',
      '8.8.8.8',
      '172.15.255.255',
      '172.32.0.1',
      '100.63.255.255',
      '100.128.0.1',
      '168.63.129.15',
      '[2606:4700::1111]',
      '[::ffff:8.8.8.8]',
    ])('https://%s/ is public', (host) => {
      const { kind } = outboundWith().check(`https://${host}/`);
      // IPv4 inside IPv6 counts as the IPv4 address it is
      expect(kind).toBe('allowed');
    });
  });

  describe('no name of this service or of a local network (M8)', () => {
    test.each([
      'localhost',
      'LOCALHOST',
      'localhost.',
      'am.localhost',
      'postgres',
      'am-token',
      'metadata.google.internal',
      'METADATA.GOOGLE.INTERNAL.',
      'x.internal',
      'printer.local',
      'am.default.svc',
      'am.default.svc.cluster.local',
      'router.home.arpa',
      'nas.lan',
      'x.corp',
      'x.intranet',
      'x.onion',
      'photos.example.',
    ])('https://%s/ is refused', (host) =>
      expect(outboundWith({ demo: true }).check(`https://${host}/`).kind).toBe('refused'),
    );

    test.each(['am.example', 'AM.example', 'am.example.'])('https://%s/ is us', (host) => {
      const own = { host: 'am.example', port: 443, scheme: 'https' as const, cidr: '0.0.0.0/0' };
      expect(outboundWith({ ownNames: ['am.example'] }).check(`https://${host}/`).kind).toBe('refused');
      expect(outboundWith({ ownNames: ['AM.example'], exceptions: [own] }).check(`https://${host}/`).kind).toBe(
        'refused',
      );
    });

    test('a name that merely contains such a word is allowed', () => {
      for (const host of [
        'localhost.example',
        'internal.example',
        'mylocal.example',
        'notam.example',
        'photos.example',
      ]) {
        expect(outboundWith({ ownNames: ['am.example'] }).check(`https://${host}/`).kind).toBe('allowed');
      }
    });
  });

  test.each([22, 25, 80, 5432, 6379, 8443, 444])('port %d is refused (M9)', (port) => {
    expect(outboundWith().check(`https://photos.example:${port}/`).kind).toBe('refused');
    expect(outboundWith().check('https://photos.example:443/').kind).toBe('allowed');
  });
}
