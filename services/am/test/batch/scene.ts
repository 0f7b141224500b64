import { type Item, callBothHosts } from '../support/batch.ts';
import { type Story, TestDeployment } from '../support/deployment.ts';

/** How many answers of Hosts an AM of this deployment has read. */
export let answersRead = 0;

// every top-level await of this folder is here: modules that are loaded side by side and each have one hang
export const deployment = await TestDeployment.build({
  failpoint: async (name) => {
    if (name === 'transfer.answered') answersRead += 1;
  },
});
export const owner = await deployment.owner();
const linkId = await deployment.link(owner);
export const secondLink = await deployment.link(owner, deployment.second);
/** A connection that may read photos at both Hosts, and has to ask for everything else at the first. */
export const story: Story = await callBothHosts(deployment, owner, [linkId, secondLink]);

export const many = (count: number, over: Partial<Item> = {}): Item[] =>
  Array.from({ length: count }, (_, n) => item(`i${n}`, over));
export const item = (id: string, over: Partial<Item> = {}): Item => ({
  id,
  resource: deployment.host.resource,
  scope: 'photos.read',
  ...over,
});
export const itemAtSecondHost = (id: string): Item => item(id, { resource: deployment.second.resource });
export const asIds = (items: readonly { id: string }[]) => items.map(({ id }) => id);

export const states = async (by: Story): Promise<string[]> =>
  (await deployment.transfers(by.connection)).map(({ state }) => state);
export const fresh = () => callBothHosts(deployment, story.owner, [story.linkId, secondLink]);
