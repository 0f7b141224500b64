import fs from 'node:fs';
import path from 'node:path';
import { termsDecided } from '@chatelaine/constellation';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

const FILE = path.join(import.meta.dirname, '../../docker-compose.yml');

describe('docker-compose.yml, as a file', () => {
  test('its Lifestream signs two of the terms that ship and declines one, as they are now', () => {
    const { services } = parse(fs.readFileSync(FILE, 'utf8'), { merge: true }) as {
      services: Record<string, { environment: Record<string, string> }>;
    };
    const defaults = (text = ''): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
    const environment = services['lifestream']?.environment ?? {};
    const decided = termsDecided(defaults(services['am']?.environment['ISSUER']));
    expect(Object.keys(decided)).toEqual(['TERMS_ACCEPTED', 'TERMS_DECLINED']);
    for (const [name, references] of Object.entries(decided))
      expect(JSON.parse(defaults(environment[name]))).toEqual(JSON.parse(references));
  });
});
