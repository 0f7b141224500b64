import type { Answer, Browser } from '@chatelaine/test-kit';
import type { Story } from '../support/house.ts';
import { ANSWERS, asker, house } from './house.ts';

export const ask = (by: Story = story, scope = 'photos.write', purpose?: string): Promise<Answer> =>
  by.requester.transfer({
    connection: by.connection,
    resource: house.host.resource,
    scope,
    ...(purpose === undefined ? {} : { params: { purpose } }),
  });
export const pathOf = ({ json }: Answer): string => new URL(String(json['interaction_uri'])).pathname;
export const answer = (browser: Browser, path: string, given: string) => browser.submit(path, path, { answer: given });
export const errorOf = ({ status, json }: Answer) => `${status} ${String(json['error'])}`;
export const story = asker;
/** A connection that nothing was asked over yet. */
export const fresh = () => house.beside(story, ANSWERS);

/** Makes writing a new question of this connection take its time, so that those that come side by side meet. */
export async function slowly({ connection }: Story): Promise<void> {
  await house.rows(`create function take_time() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.05); return new; end $$`);
  await house.rows(`create trigger slow before insert on ask for each row
    when (new.connection_id = '${connection.id}') execute function take_time()`);
}
