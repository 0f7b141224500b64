import { unreached } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { crawled, forPeople, signedOut } from './scene.ts';

/** Routes to which no link leads from the pages of somebody who is signed in, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'GET /account/deleted': 'accounts/deletion: it says the same to everybody',
  'GET /callback/:tag': 'am/callback',
  'GET /changes': 'am/live: it is a stream',
  'GET /icons/:id': 'am/icons',
  'GET /sign-in/reset': 'accounts/mail: it takes a token from a mail',
  'POST /account/notifications/push/off': 'am/notices: it is about the session that sends it',
  'POST /hosts/:linkId/bearer/stop': 'am/stock-clients',
  'POST /sign-in/reset': 'accounts/mail',
  'POST /terms/adopt': 'am/terms',
};

/** Whether the sweeps reach all that there is. */
export function everyRoute(): void {
  describe('of the routes for people', () => {
    it('each is reached by these tests, or is named here with the tests that attack it', () => {
      expect(unreached(forPeople, [crawled, signedOut], Object.keys(ELSEWHERE))).toEqual([]);
    });
  });
}
