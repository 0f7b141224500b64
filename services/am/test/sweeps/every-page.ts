import { Browser, EXECUTES } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { attacker, crawled, deployment, MARK } from './scene.ts';

/** Pages that show nothing of anybody's. */
const isPage = (headers: { readonly 'content-type'?: string | undefined }): boolean =>
  headers['content-type']?.startsWith('text/html') === true;

export function everyPage(): void {
  describe('of the pages that an owner reaches', () => {
    const pages = [...crawled.pages];

    it('most show something of theirs, and none executes it', () => {
      expect(pages.filter(([, { text }]) => text.includes(MARK)).length).toBeGreaterThan(20);
      expect(pages.filter(([, { text }]) => EXECUTES.test(text)).map(([path]) => path)).toEqual([]);
    });

    it('none can be put in a frame, runs a script of others, or sends a form elsewhere', () => {
      for (const [path, { headers }] of pages.filter(([, answer]) => isPage(answer.headers))) {
        const policy = String(headers['content-security-policy']);
        expect([path, policy]).toEqual([path, expect.stringContaining("frame-ancestors 'none'")]);
        expect([path, policy]).toEqual([path, expect.stringContaining("default-src 'none'")]);
        expect([path, policy]).toEqual([path, expect.not.stringMatching(/unsafe|\*|https?:/)]);
      }
    });

    it('none shows anything of theirs to somebody else, or tells what is theirs from what is not there', async () => {
      const { browser } = await attacker();
      for (const [path] of pages) {
        const answer = await browser.get(path);
        expect([path, answer.status < 500, answer.text.includes(MARK)]).toEqual([path, true, false]);
      }
      for (const [path, id] of idsIn(pages.map(([found]) => found))) {
        const other = id.replace(/.{4}$/, (end) => (end === 'zzzz' ? 'yyyy' : 'zzzz'));
        const [theirs, none] = [await browser.get(path), await browser.get(path.replaceAll(id, other))];
        expect([path, theirs.status, theirs.words.replaceAll(id, '…')]).toEqual([
          path,
          none.status,
          none.words.replaceAll(other, '…'),
        ]);
      }
    });

    it('none shows anything of theirs to somebody who is not signed in', async () => {
      const nobody = new Browser(deployment.ams[0].port);
      for (const [path] of pages) {
        const answer = await nobody.get(path);
        expect([path, answer.status < 500, answer.text.includes(MARK)]).toEqual([path, true, false]);
      }
    });
  });
}

/** Each id in each of these paths. */
function idsIn(paths: readonly string[]): [path: string, id: string][] {
  return paths.flatMap((path) =>
    [...new Set(path.match(/\b(?:ask|con|link|tr|ref|tl|prf)_[A-Za-z0-9_-]{8,}/g))].map((id): [string, string] => [
      path,
      id,
    ]),
  );
}
