import { TestDeployment } from '../support/deployment.ts';

export const ANSWERS = { 'photos.read': 'ask', 'photos.write': 'ask', 'albums.read': 'allow' } as const;

// one deployment for all of them: starting it takes longer than most of what is asked of it. All that is awaited at
// load
// stands here: files that wait beside each other hang
export const deployment = await TestDeployment.build();
/** Somebody whose Requester asks, and somebody whose Requester can wait. */
export const [asker, waiter] = [await deployment.story(ANSWERS), await deployment.story(ANSWERS)];
