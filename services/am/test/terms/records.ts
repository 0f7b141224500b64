import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSigningKey, publicJwks } from '@chatelaine/crypto';
import { runCli } from '@chatelaine/service-kit';
import { eventually } from '@chatelaine/test-kit';
import { commands } from '../../src/cli/commands.ts';
import type { Story } from '../support/deployment.ts';
import { chatelaine } from '../support/operator.ts';
import { exchange } from '../support/requester.ts';
import { Signer } from '../support/terms.ts';
import { deployment, offerAnew, offered } from './scene.ts';

/** What a record proves to anyone with the command line. PROTOCOL §10.2. */
export function records(): void {
  describe('chatelaine verify-agreement', () => {
    let folder: string;
    let story: Story;
    let record: string;
    let keys: Record<string, unknown>;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(os.tmpdir(), 'record-'));
      story = await offered();
      record = String((await new Signer(deployment, story).accept()).json['agreement']);
      keys = await taken(story);
    });
    afterAll(() => rm(folder, { recursive: true }));

    /** The download of the owner: the keys of both sides. */
    const taken = async ({ owner, connection }: Story): Promise<Record<string, unknown>> => {
      const page = await owner.browser.get(`/apps/${connection.id}`);
      return (await owner.browser.get(/\/apps\/[^"]+\/keys/.exec(page.text)?.[0] ?? '')).json;
    };
    const file = async (name: string, content: unknown): Promise<string> => {
      const at = path.join(folder, name);
      await writeFile(at, typeof content === 'string' ? content : JSON.stringify(content));
      return at;
    };
    /** Runs the command on a machine without configuration. */
    const verify = async (...args: string[]): Promise<{ code: number; text: string }> => {
      const lines: string[] = [];
      const take = (line: string) => void lines.push(line);
      const unread = commands(() => {
        throw new Error('the configuration was read');
      });
      const argv = ['verify-agreement', ...args];
      const code = await runCli({ name: 'chatelaine', argv, commands: unread }, { out: take, problem: take });
      return { code, text: lines.join('\n') };
    };

    it('says what was agreed to and, with both sides’ keys, that they signed; else, that none attests', async () => {
      const [at, with_] = [await file('record.jwt', `${record}\n`), await file('keys.json', keys)];
      const { code, text } = await verify(at, '--keys', with_);
      expect([code, text]).toEqual([0, expect.stringContaining('accepted ')]);
      expect(text).toContain(`The Requester’s signature is by a key of ${story.requester.clientId}.`);
      expect(text).toContain(`The authorization manager’s signature is by a key of ${deployment.issuer}.`);
      const without = await verify(at);
      expect([without.code, without.text.match(/key not attested/g)]).toEqual([0, Array(2).fill('key not attested')]);
    });

    it('says that a record is by keys of somebody else, or is none', async () => {
      const forged = { ...keys, [story.requester.clientId]: publicJwks([generateSigningKey()]) };
      const other = await verify(await file('r.jwt', record), '--keys', await file('forged.json', forged));
      expect([other.code, other.text]).toEqual([1, expect.stringContaining('is NOT among those of')]);
      expect((await verify(await file('broken.jwt', record.slice(0, -8)))).code).toBe(1);
      expect((await verify(await file('proffer.jwt', await new Signer(deployment, story).proffer()))).text).toContain(
        'typ',
      );
    });

    it.each([[], ['/nowhere'], ['--keys', 'x'], ['a', '--keys'], ['a', '--key', 'b'], ['a', '--keys', 'b', 'c']])(
      'wants a file, and maybe keys: not %j %j %j %j',
      async (...args) => expect((await verify(...args)).code).toBe(64),
    );

    // the last test, since Hosts do not know the new key
    it('verifies the record offline after both keys rotated, with the keys that each side kept', async () => {
      const own = path.basename(new URL(story.requester.clientId).pathname, '.json');
      deployment.documents.publish(`/${own}.jwks`, publicJwks([generateSigningKey('EdDSA')]));
      expect((await chatelaine(deployment, 'rotate-keys signing --at-once')).code).toBe(0);
      await deployment.rows(`delete from signing_key where retired_at is not null`);
      const [at, with_] = [await file('old.jwt', record), await file('old.json', await taken(story))];
      expect(await verify(at, '--keys', with_)).toMatchObject({
        code: 0,
        text: expect.stringContaining(deployment.issuer),
      });
      // the AM continues to publish the key that signed the record, beside the new one once that is in use
      const published = async () =>
        (await exchange(deployment.ams[0].port, { method: 'GET', path: '/terms/keys' })).json['keys'] as unknown[];
      const before = (await published()).length;
      await eventually(async () => {
        await offerAnew(story, { terms: 'not-passed-on/1.0' });
        await offerAnew(story, { terms: 'only-for-me/1.0' });
        return (await published()).length > before;
      });
      expect((await verify(at, '--keys', await file('later.json', await taken(story)))).code).toBe(0);
    });
  });
}
