import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Conformance, openConformance } from '../support/conformance.ts';

/**
 * Scenarios that call tools, prompts and resources of a test server, which this server for notes does not have.
 * docs/stock-clients.md
 */
const BASELINE = path.join(import.meta.dirname, 'conformance-baseline.yml');

export function conformance(input: () => { mcpUrl: string; token: () => Promise<string> }): void {
  describe('@modelcontextprotocol/conformance, with a token of ours', () => {
    let suite: Conformance;
    let token = '';
    beforeAll(async () => {
      suite = await openConformance(input().mcpUrl, () => token);
    });
    afterAll(() => suite.close());

    test('passes what is about any server, and fails only what asks for things it does not have', async () => {
      token = await input().token();
      const { passed, said } = await suite.run(BASELINE);
      // the whole output, since it alone says which scenario failed
      if (!passed) throw new Error(said);
      expect(said).toContain('server-initialize');
    });
  });
}
