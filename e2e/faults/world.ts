import {
  addHost,
  type Constellation,
  type Flavor,
  type Person,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { startEmbedded } from '@chatelaine/dev-postgres';
import { NEWER_TERMS } from '../support/newer-terms.ts';
import { chooseOldTerms } from './agreements.ts';
import { createHistory, type History } from './history.ts';
import type { Random } from './random.ts';
import { type Documents, patience, serveDocuments } from '@chatelaine/test-kit';

/** A deployment under load: owners with links, and one more owner who only makes and ends links. */
export interface World {
  readonly deployment: Constellation;
  readonly documents: Documents;
  readonly owners: readonly Person[];
  readonly linker: Person;
  readonly history: History;
  readonly random: Random;
  close(): Promise<void>;
}

export interface WorldOptions {
  label: string;
  random: Random;
  ams?: number;
  owners?: number;
  hosts?: readonly Flavor[];
}

// scaled to the machine: resuming what is merely slow would redeem a code twice, for which a Host ends what came of it
const seconds = (quick: number): number => Math.ceil(patience(quick) / 1_000);

/** Seconds after which what a crash left half done is resumed; the product's defaults are minutes. */
export const RECOVERY = { everySeconds: 1, lostAfterSeconds: seconds(6), resumeLinksAfterSeconds: seconds(3) };

const UNLIMITED = '1000000';

/** With commit times, the checks see what was completed after it was stopped (I3). */
const POSTGRES = ['track_commit_timestamp=on'];

/** Starts a deployment and its people. Rate limits are lifted, since all clients share one address. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { label, random, ams = 2, owners: count = 2, hosts = ['photos', 'notes'] } = options;
  const deployment = await startConstellation({
    label,
    postgres: await startEmbedded({ settings: POSTGRES }),
    ams,
    hosts,
    requester: false,
    guests: ['reader'],
    env: ({ service }) => ({
      REFUSALS_PER_MINUTE: UNLIMITED,
      // for apps without a key
      ...(service === 'host' && { BEARER_TOKENS: 'true' }),
      ...(service === 'am' && {
        // all clients come from one address, and each has a document of its own
        DOCUMENTS_PER_MINUTE: UNLIMITED,
        TRANSFERS_PER_MINUTE: UNLIMITED,
        TERMS_DIRECTORY: NEWER_TERMS,
        HOSTS_ADDED_PER_HOUR: '100000',
        RECOVERY_EVERY_SECONDS: String(RECOVERY.everySeconds),
        LOST_AFTER_SECONDS: String(RECOVERY.lostAfterSeconds),
        RESUME_LINKS_AFTER_SECONDS: String(RECOVERY.resumeLinksAfterSeconds),
      }),
    }),
  });
  const documents = await serveDocuments('reader', deployment.guest('reader').port);
  const people = Array.from({ length: count + 1 }, (_, index) =>
    deployment.person({ username: `owner${index}`, stopsAt: [`${documents.origin}/callback`] }),
  );
  // one after the other: hashing a password takes a whole core
  for (const person of people) {
    await signUp(person, deployment.am.url);
    for (const host of deployment.hosts) await signUp(person, host.url);
  }
  const [linker, ...owners] = people;
  if (linker === undefined) throw new Error('Nobody is there.');
  for (const owner of owners) for (const host of deployment.hosts) await addHost(owner, { am: deployment.am, host });
  const world: World = {
    deployment,
    documents,
    owners,
    linker,
    history: createHistory(),
    random,
    async close() {
      await documents.close();
      await deployment.stop();
    },
  };
  await chooseOldTerms(world);
  return world;
}
