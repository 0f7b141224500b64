import type { Constellation, Person } from '@chatelaine/constellation';
import { eventually } from '@chatelaine/test-kit';
import { expect } from '@jest/globals';

/** Each of the three apps is shown with the icon that it serves, on Home, among Apps and, of one, at consent. */
export async function eachHasItsIcon(person: Person, { am, requester }: Constellation): Promise<void> {
  const icons = () => [...person.page.document.querySelectorAll('img[src^="/icons/"]')];
  const shown = async (path: string) => {
    await person.visit(`${am.url}${path}`);
    return new Set(icons().map((icon) => icon.getAttribute('src'))).size;
  };
  // they are fetched in the background
  for (const path of ['/', '/apps']) await eventually(() => shown(path), { until: (size) => size === 3 });
  await person.visit(`${requester.url}/connect`);
  await person.press('Connect', { am: am.url });
  await person.follow(/^Continue to /);
  expect(icons()).toHaveLength(1);
}
