import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { TestDeployment } from './support/deployment.ts';
import { hiddenFields } from '@chatelaine/test-kit';
import { selectedChoices } from './support/requester.ts';

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.build();
});
afterAll(() => deployment.close());

describe('consent', () => {
  test('offers so many accounts at most, says so where there are more, and never one of two at one Host', async () => {
    const many = await deployment.owner();
    await deployment.rows(
      `insert into host (id, issuer, name, metadata, transfer_scopes)
       select lpad('many' || n, 22, '0'), 'https://host' || n || '.example', 'Host ' || lpad(n::text, 4, '0'), '{}',
         '{"a": "See it"}' from generate_series(1, 201) n`,
    );
    const link = (from: number, to: number, name = '') =>
      deployment.rows(
        `insert into link (id, owner_id, host_id, label, transfer_scope)
         select 'offered' || n || $4::text, $1, lpad('many' || n, 22, '0'), 'account ' || n, array['a']
           from generate_series($2::int, $3::int) n`,
        [many.id, from, to, name],
      );
    const requester = deployment.requester();
    const offered = async () => {
      const { path } = await requester.push();
      const page = await many.browser.get(path);
      const names = [...page.text.matchAll(/<input type="radio" name="all:([^"]*)"/g)].map(([, name]) => name);
      return { page, names: new Set(names) };
    };
    await link(1, 200);
    const all = await offered();
    expect(all.names.size).toBe(200);
    expect(all.page.words).not.toContain('more accounts than can be offered');
    // the 200th account is a second one at the last Host that still fits
    await deployment.rows(`delete from link where id = 'offered200'`);
    await link(199, 199, 'b');
    await link(201, 201);
    const cut = await offered();
    expect(cut.names.size).toBe(200);
    expect(cut.names.has('offered201')).toBe(false);
    expect(cut.page.words).toContain('You have more accounts than can be offered at once. Here are the first 200');
    // now the 201st
    await link(198, 198, 'b');
    const whole = await offered();
    expect(whole.names.size).toBe(199);
    expect([...whole.names].filter((name) => name?.startsWith('offered199'))).toEqual([]);
    // the button that sets everything: its effect is shown before it is sent, and is what is sent
    const { path } = await requester.push();
    const fresh = await many.browser.get(path);
    const set = { ...hiddenFields(fresh.text), preset: 'everything', preset_effect: 'allow', duration: 'open' };
    const filled = await many.browser.post('/authorize', set);
    expect(filled.words).toContain('Allow 197 things until you stop it');
    const form = { ...hiddenFields(filled.text), ...selectedChoices(filled.text), decision: 'allow' };
    const answered = await many.browser.post('/authorize', form);
    expect(answered.onward).toContain('code=');
    const [shown] = await deployment.rows(
      `select count(*)::int as n from connection_host ch join connection c on c.id = ch.connection_id
        where c.owner_id = $1`,
      [many.id],
    );
    // of the 198 Hosts that are offered, the last has two accounts
    expect(shown).toEqual({ n: 197 });
  });
});
